"""One hour of the loop.

`run` has the stages in order; every other module is a stage or a part of one: `batch`, `experiment`, `gate`,
`attempt`, `watch`, `rollback`, `outcomes`.
"""
