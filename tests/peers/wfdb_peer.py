"""The far side of tests/wfdb_peer.rs: wfdb-python reads and writes, and says what it found.

usage: wfdb_peer.py record RECORD OUT     physical samples as float32 (frames x channels) to OUT, header as JSON to stdout
       wfdb_peer.py annotations RECORD EXT    annotations as JSON
       wfdb_peer.py write DIR             records in every format that wfdb-python writes, with their samples
       wfdb_peer.py annotate DIR          an annotation file and its content as JSON
"""

import json
import os
import sys

import numpy as np
import wfdb


def physical(name):
    """Frames x channels at the frame rate: the mean of each frame's valid samples, rounded once to float32."""
    with_gaps = wfdb.rdheader(name)
    if hasattr(with_gaps, "n_seg"):
        record = wfdb.rdrecord(name)
        return record, record.p_signal.astype("<f4")
    record = wfdb.rdrecord(name, smooth_frames=False, physical=False)
    columns = []
    for i, codes in enumerate(record.e_d_signal):
        missing = wfdb.io._signal._digi_nan(record.fmt[i])
        codes = codes.astype("float64").reshape(-1, record.samps_per_frame[i])
        codes[codes == missing] = np.nan
        valid = np.sum(~np.isnan(codes), axis=1)
        with np.errstate(invalid="ignore"):
            mean = np.nansum(codes, axis=1) / valid
        columns.append((mean - record.baseline[i]) / record.adc_gain[i])
    # What rdrecord gives itself, where no frame is averaged.
    plain = wfdb.rdrecord(name)
    for i, column in enumerate(columns):
        if record.samps_per_frame[i] == 1:
            assert np.array_equal(column, plain.p_signal[:, i], equal_nan=True), (name, i)
        else:
            # wfdb-python cuts the mean to a whole code.
            assert np.nanmax(np.abs(column - plain.p_signal[:, i])) <= 1 / abs(record.adc_gain[i])
    return record, np.stack(columns, axis=1).astype("<f4")


def show_record(name, out):
    record, samples = physical(name)
    samples.tofile(out)
    fields = {
        key: getattr(record, key, None)
        for key in "n_sig sig_name units adc_gain baseline adc_res adc_zero init_value checksum comments".split()
    }
    fields.update(fs=float(record.fs), sig_len=record.sig_len)
    base = record.base_date and record.base_time
    fields["start"] = f"{record.base_date}T{record.base_time}" if base else None
    print(json.dumps(fields))


def show_annotations(name, extension):
    a = wfdb.rdann(name, extension, return_label_elements=["label_store", "symbol"])
    rows = zip(a.sample, a.label_store, a.subtype, a.chan, a.num, a.aux_note, a.symbol)
    print(json.dumps([[int(v) for v in row[:5]] + [[ord(c) for c in row[5]], row[6]] for row in rows]))


def write_records(folder):
    rng = np.random.default_rng(1)
    for fmt, bits in [("16", 16), ("24", 24), ("32", 32), ("80", 8), ("212", 12)]:
        for n_sig in (1, 3):
            # An odd number of samples tears the last pair of format 212.
            codes = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), size=(1001, n_sig))
            codes[rng.random(codes.shape) < 0.01] = -(2 ** (bits - 1))
            name = f"w{fmt}_{n_sig}"
            record = wfdb.Record(
                record_name=name, n_sig=n_sig, fs=128.5, sig_len=1001, file_name=[name + ".dat"] * n_sig,
                fmt=[fmt] * n_sig, adc_gain=[20.5 + i for i in range(n_sig)], baseline=[5 * i - 3 for i in range(n_sig)],
                units=["mV", "mmHg", "NU"][:n_sig], adc_res=[bits] * n_sig, adc_zero=[0] * n_sig,
                init_value=[int(v) for v in codes[0]], sig_name=["a", "b b", "c"][:n_sig], block_size=[0] * n_sig,
                checksum=[int(v) for v in codes.sum(axis=0) % 65536], d_signal=codes, comments=["made by a test"],
            )
            record.wrsamp(write_dir=folder)


def write_annotations(folder):
    sample = np.array([1, 5, 1028, 1029, 70000, 70000, 3_000_000_000])
    wfdb.wrann(
        "w", "ann", sample, symbol=["N", "~", "|", '"', "+", "V", "N"], subtype=np.array([0, 1, -1, 0, 3, 0, 0]),
        chan=np.array([0, 0, 1, 1, 0, 200, 200]), num=np.array([0, 5, 5, 0, 0, 127, 127]),
        aux_note=["", "abc", "", '{"score": 1.5}', "(AFIB", "", "x" * 255], write_dir=folder,
    )
    show_annotations(os.path.join(folder, "w"), "ann")


if __name__ == "__main__":
    verbs = {"record": show_record, "annotations": show_annotations, "write": write_records, "annotate": write_annotations}
    verbs[sys.argv[1]](*sys.argv[2:])
