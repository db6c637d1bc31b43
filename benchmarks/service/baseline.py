"""The obvious service: it loads the model at the start and turns each request into a data frame."""

from __future__ import annotations

import os
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import create_model

model = joblib.load(os.environ["BASELINE_MODEL"])
Row: Any = create_model("Row", **dict.fromkeys(model.feature_names_in_, (Any, None)))
app = FastAPI()


@app.post("/predict")
def predict(row: Row) -> dict[str, Any]:
    return {"prediction": model.predict(pd.DataFrame([row.model_dump()]))[0].item()}
