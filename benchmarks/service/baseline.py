"""The service that everybody writes first: the model is loaded at the start, and each request becomes a data frame."""

from __future__ import annotations

import os
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import create_model

model = joblib.load(os.environ["PLAIN_MODEL"])
Row: Any = create_model("Row", **dict.fromkeys(model.feature_names_in_, (Any, None)))
app = FastAPI()


@app.post("/predict")
def predict(row: Row) -> dict[str, Any]:
    return {"prediction": model.predict(pd.DataFrame([row.model_dump()]))[0].item()}
