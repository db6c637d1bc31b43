"""The command `simulate`: replays a repository's past and estimates error rates of the gate on its data.

`replay` runs the gate over the past arrivals, `calibration` over resampled ones with and without a true gain.
`workers` are the processes of the calibration; `results` are the records, `report` and `views` show them.
"""
