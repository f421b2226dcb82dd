"""Records what scikit-learn's metrics say, for the tests of @levin/metrics.

    python tools/parity/metrics.py packages/metrics/test/parity

Needs scikit-learn. Writes metrics.json; the seed is fixed, so that a second run changes nothing.
"""

import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics

CLASSES = 4
AVERAGES = ["micro", "macro", "weighted", "none"]
SCORES = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}


def multiclass_batches():
    """Scores and labels: ordinary, a class that no label has, one that nobody knows of, all wrong, one label alone."""
    random = np.random.default_rng(11)
    scores = np.round(random.normal(size=(30, CLASSES)), 3)
    labels = random.integers(0, CLASSES, 30)
    # Better than chance, so that no value is small by accident.
    scores[np.arange(30), labels] += 1.0
    scores = np.round(scores, 3)
    without = scores.copy()
    without[:, 3] = -9
    return {
        "ordinary": (scores, labels),
        "a class without labels": (scores, np.where(labels == 2, 1, labels)),
        "a class without labels and predictions": (without, np.where(labels == 3, 0, labels)),
        "a class without predictions": (without, labels),
        # Without ties, which scikit-learn breaks by another rule for every metric.
        "all wrong": (np.eye(CLASSES)[(labels[:8] + 1) % CLASSES] + [0.1, 0.3, 0.2, 0.4], labels[:8]),
        "one label": (scores[:1], labels[:1]),
    }


def score_values(labels, predicted):
    values = {}
    for name, score in SCORES.items():
        values[name] = {
            average: score(labels, predicted, average=None if average == "none" else average, zero_division=0,
                           **({"labels": list(range(CLASSES))} if average == "none" else {}))
            for average in AVERAGES
        }
        values[name]["none"] = values[name]["none"].tolist()
    return values


def multiclass(title, scores, labels):
    predicted = scores.argmax(1)
    everything = list(range(CLASSES))
    return {
        "title": title,
        "scores": scores.tolist(),
        "labels": labels.tolist(),
        "accuracy": metrics.accuracy_score(labels, predicted),
        "topK": {
            str(k): metrics.top_k_accuracy_score(labels, scores, k=k, labels=everything) for k in (2, 3)
        },
        **score_values(labels, predicted),
        "confusionMatrix": {
            "none": metrics.confusion_matrix(labels, predicted, labels=everything).tolist(),
            **{
                ours: np.nan_to_num(metrics.confusion_matrix(labels, predicted, labels=everything, normalize=theirs)).tolist()
                for ours, theirs in [("actual", "true"), ("predicted", "pred"), ("all", "all")]
            },
        },
    }


def binary(title, probabilities, labels, threshold):
    predicted = (probabilities > threshold).astype(int)
    return {
        "title": title,
        "probabilities": probabilities.tolist(),
        "labels": labels.tolist(),
        "threshold": threshold,
        "accuracy": metrics.accuracy_score(labels, predicted),
        **{
            name: {
                str(positive): score(labels, predicted, average="binary", pos_label=positive, zero_division=0)
                for positive in (0, 1)
            }
            for name, score in SCORES.items()
        },
        "macroF1": metrics.f1_score(labels, predicted, average="macro", zero_division=0),
    }


def binary_cases():
    random = np.random.default_rng(5)
    probabilities = np.round(random.uniform(size=20), 3)
    labels = (probabilities + random.normal(scale=0.3, size=20) > 0.5).astype(int)
    return [
        binary("ordinary", probabilities, labels, 0.5),
        binary("a high threshold", probabilities, labels, 0.8),
        binary("no positive labels", probabilities, np.zeros(20, int), 0.5),
        binary("no positive predictions", probabilities * 0.4, labels, 0.5),
        binary("no positives at all", probabilities * 0.4, np.zeros(20, int), 0.5),
        binary("positives alone", 0.6 + probabilities * 0.4, np.ones(20, int), 0.5),
    ]


def r2(targets, predictions, **options):
    value = metrics.r2_score(targets, predictions, **options)
    return value.tolist() if isinstance(value, np.ndarray) else value


def regression(title, targets, predictions):
    case = {
        "title": title,
        "targets": targets.tolist(),
        "predictions": predictions.tolist(),
        "mse": metrics.mean_squared_error(targets, predictions),
        "mae": metrics.mean_absolute_error(targets, predictions),
        "r2": r2(targets, predictions),
    }
    if targets.ndim == 1:
        case["rmse"] = metrics.root_mean_squared_error(targets, predictions)
    else:
        case["r2ByVariance"] = r2(targets, predictions, multioutput="variance_weighted")
        case["r2ByOutput"] = r2(targets, predictions, multioutput="raw_values")
    return case


def regression_cases():
    random = np.random.default_rng(3)
    targets = np.round(random.normal(scale=2, size=25), 3)
    predictions = np.round(targets + random.normal(scale=0.7, size=25), 3)
    wide = np.round(random.normal(size=(12, 3)) * [1, 5, 0.2], 3)
    near = np.round(wide + random.normal(scale=0.3, size=wide.shape), 3)
    constant = wide.copy()
    constant[:, 1] = 2
    return [
        regression("ordinary", targets, predictions),
        regression("worse than the mean", targets, -predictions),
        regression("perfect", targets, targets),
        regression("constant targets, met", np.full(6, 0.1), np.full(6, 0.1)),
        regression("constant targets, missed", np.full(6, 3.0), np.arange(6.0)),
        regression("three outputs", wide, near),
        regression("three outputs, one of them constant", constant, near),
    ]


def mean_case():
    random = np.random.default_rng(9)
    values = np.round(random.normal(size=15), 3)
    weights = np.round(random.uniform(size=15), 3)
    return {"values": values.tolist(), "weights": weights.tolist(), "mean": float(np.average(values, weights=weights))}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "scikit-learn": sklearn.__version__,
        "multiclass": [multiclass(title, *batch) for title, batch in multiclass_batches().items()],
        "binary": binary_cases(),
        "regression": regression_cases(),
        "mean": mean_case(),
    }
    path = folder / "metrics.json"
    path.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
