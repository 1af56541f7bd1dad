"""The final model: training on all items, probabilities, the model file, prediction.

Modules: `training` (`train`), `model` (`Model`, `Prediction`), `summary` (`describe`); beneath them `features`,
`classifier`, `calibration`, `sigmoid`, `coupling`, `shuffling`, `persistence` and `container`.
"""
