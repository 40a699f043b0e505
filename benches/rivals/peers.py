"""Python peers of the comparison: one JSON request a line on stdin, one JSON reply a line on stdout.

The first line, sent without a request, says which peers there are: {"versions": {"sklearn": "1.9.1", "river": null, ...}}.
"""

import importlib
import json
import os
import sys
import time
import warnings

# One core, as the others: threads make these small matrices slower.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
warnings.filterwarnings("ignore")


def version(module):
    try:
        return getattr(importlib.import_module(module), "__version__", "unknown")
    except Exception:  # a package that is there but cannot be loaded is absent, too
        return None


def sklearn_ipca(rank, batch):
    """partial_fit with `batch` frames a call. The first call needs at least `rank` frames."""
    from sklearn.decomposition import IncrementalPCA

    model = IncrementalPCA(n_components=rank)

    def learn(frames):
        for start in range(0, len(frames), batch):
            model.partial_fit(frames[start : start + batch])

    return lambda frames: model.partial_fit(frames), learn


def river_hst():
    """As in its documentation: MinMaxScaler before HalfSpaceTrees, scored, then learned."""
    from river import anomaly, compose, preprocessing

    model = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=42))

    def score(frame):
        features = dict(enumerate(frame))
        result = model.score_one(features)
        model.learn_one(features)
        return result

    return score


def pysad_xstream():
    """Defaults, without preprocessing."""
    from pysad.models.xstream import xStream

    model = xStream(random_state=42)
    return lambda frame: float(model.fit_score_partial(frame))


def pysad_rrcf():
    """Defaults, without preprocessing."""
    from pysad.models import RobustRandomCutForest

    model = RobustRandomCutForest()
    return lambda frame: float(model.fit_score_partial(frame))


SCORERS = {"river_hst": river_hst, "pysad_xstream": pysad_xstream, "pysad_rrcf": pysad_rrcf}
LEARNERS = {}


def warm(request, frames):
    """The function to time for a request, after it has seen 512 frames; kept for the next one."""
    name = (request["peer"], request.get("batch"), request["n"], request["r"])
    if name not in LEARNERS:
        if request["peer"] == "sklearn_ipca":
            start, learn = sklearn_ipca(request["r"], request["batch"])
            start(frames[: 2 * request["r"]])
        else:
            scorer = SCORERS[request["peer"]]()

            def learn(part):
                for frame in part.tolist() if request["peer"] == "river_hst" else part:
                    scorer(frame)

            learn(frames[:512])
        LEARNERS[name] = learn
    return LEARNERS[name]


def speed(request):
    """Nanoseconds a frame over frames like those of the Rust side: r strong directions and noise."""
    import numpy

    n, r, seconds = request["n"], request["r"], request["seconds"]
    random = numpy.random.default_rng(1)
    signals = random.standard_normal((1024, r)) * 3.0
    frames = signals @ random.standard_normal((r, n)) / n**0.5 + 0.1 * random.standard_normal((1024, n))
    frames = frames.astype("float32")
    learn = warm(request, frames)
    chunk = frames[: 64 if request.get("batch", 1) <= 64 else request["batch"]]
    count, start = 0, time.process_time_ns()
    while time.process_time_ns() - start < seconds * 1e9:
        learn(chunk)
        count += len(chunk)
    return {"ns": (time.process_time_ns() - start) / count}


def track(request):
    """Sum of squares that incremental PCA, one frame a call, leaves of each frame before it learns it, as a share of all."""
    import numpy
    from sklearn.decomposition import IncrementalPCA

    frames = numpy.asarray(request["values"]).reshape(-1, request["n"])
    first = 2 * request["r"]
    model = IncrementalPCA(n_components=request["r"]).partial_fit(frames[:first])
    left = total = 0.0
    for t in range(first, len(frames)):
        frame = frames[t]
        if t >= request["burn_in"]:
            residual = frame - model.components_.T @ (model.components_ @ frame)
            left += residual @ residual
            total += frame @ frame
        model.partial_fit(frames[t : t + 1])
    return {"share": left / total}


def detect(request):
    """One score a frame; null where the detector gave none."""
    import numpy

    scorer = SCORERS[request["peer"]]()
    frames = numpy.asarray(request["values"], dtype="float64").reshape(-1, request["channels"])
    rows = frames.tolist() if request["peer"] == "river_hst" else frames
    scores = [float(scorer(row)) for row in rows]
    return {"scores": [score if score == score else None for score in scores]}


def main():
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a package prints must not end up between the replies

    def reply(answer):
        print(json.dumps(answer), file=replies, flush=True)

    reply({"versions": {module: version(module) for module in ("sklearn", "river", "pysad", "rrcf")}})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            reply({"speed": speed, "track": track, "detect": detect}[request["task"]](request))
        except Exception as error:
            reply({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
