"""Writes the files beside it: Silero's weights as Keras stores them, a piece of speech, and what ONNX Runtime hears in it.

    python convert.py MODEL WAV

MODEL is `silero_vad/data/silero_vad_16k_op15.onnx` of the package silero-vad 6.2.3, WAV is `tests/data/test.wav` of its source
archive (both MIT). Needs onnx, onnxruntime, NumPy, safetensors; with Keras 3 it also says how far Keras is off. Made with onnx
1.23.2 and onnxruntime 1.32.0.
"""

import sys
import wave
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).resolve().parent
CONTEXT, CHUNK, RATE = 64, 512, 16000
# Where the piece begins in the recording, and how long it is, in chunks.
FIRST, CHUNKS = 192, 375
CONVOLUTIONS = ("first", "second", "third", "fourth")


def weights(model):
    """Every weight under Keras's path: axes turned, and one bias for the two that PyTorch keeps."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    found = {"spectrum/kernel": stored["model.stft.forward_basis_buffer"].transpose(2, 1, 0)}
    for index, name in enumerate(CONVOLUTIONS):
        found[f"{name}/kernel"] = stored[f"model.encoder.{index}.reparam_conv.weight"].transpose(2, 1, 0)
        found[f"{name}/bias"] = stored[f"model.encoder.{index}.reparam_conv.bias"]
    # PyTorch's gates i, f, g, o are Keras's i, f, c, o.
    found["memory/lstm_cell/kernel"] = stored["model.decoder.rnn.weight_ih"].T
    found["memory/lstm_cell/recurrent_kernel"] = stored["model.decoder.rnn.weight_hh"].T
    found["memory/lstm_cell/bias"] = stored["model.decoder.rnn.bias_ih"] + stored["model.decoder.rnn.bias_hh"]
    found["speech/kernel"] = stored["model.decoder.decoder.2.weight"][:, :, 0].T
    found["speech/bias"] = stored["model.decoder.decoder.2.bias"]
    return {path: numpy.ascontiguousarray(values, dtype="float32") for path, values in found.items()}


def recording(path):
    with wave.open(path) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def frames(samples):
    """Each chunk as numbers between −1 and 1, with the end of the one before it."""
    padded = numpy.concatenate([numpy.zeros(CONTEXT), samples / 32768]).astype("float32")
    return [padded[start : start + CONTEXT + CHUNK] for start in range(0, len(samples) - CHUNK + 1, CHUNK)]


def heard_by_onnx(path, samples):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    state, heard = numpy.zeros((2, 1, 128), dtype="float32"), []
    for frame in frames(samples):
        inputs = {"input": frame[None], "state": state, "sr": numpy.array(RATE, dtype="int64")}
        speech, state = session.run(None, inputs)
        heard.append(speech[0, 0])
    return numpy.array(heard, dtype="float32")


def heard_by_keras(values, samples):
    import keras

    names = {}
    text = (HERE / "silero.rnn").read_text(encoding="utf-8")
    exec("from keras import *\nfrom keras.layers import *\n" + text, names)
    model = names["model"]
    for weight in model.weights:
        weight.assign(values[weight.path])
    h = c = numpy.zeros((1, 128), dtype="float32")
    heard = []
    for frame in frames(samples):
        step = model([frame[None], h, c], training=False)
        h, c = (numpy.asarray(step[name]) for name in "hc")
        heard.append(float(step["speech"][0, 0]))
    print(f"Keras {keras.__version__}: {model.count_params()} parameters")
    return numpy.array(heard)


def main():
    path, audio = sys.argv[1:]
    samples = recording(audio)[FIRST * CHUNK : (FIRST + CHUNKS) * CHUNK]
    heard = heard_by_onnx(path, samples)
    values = weights(onnx.load(path))
    save_file(values, HERE / "silero.safetensors")
    numpy.save(HERE / "speech.npy", samples)
    numpy.save(HERE / "onnx.npy", heard)
    print(f"{len(heard)} chunks, {(heard > 0.5).mean():.0%} of them speech")
    try:
        print(f"largest difference of Keras: {abs(heard_by_keras(values, samples) - heard).max():.1e}")
    except ModuleNotFoundError:
        print("without Keras, nothing to compare with")


main()
