"""Runs `.rnn` texts in real Keras: the one place that says what Keras makes of a text.

Imported by the golden generator, the validity check and the differential tester. Needs Keras 3, NumPy and safetensors;
the backend is JAX unless `KERAS_BACKEND` says otherwise.
"""

import contextlib
import io
import math
import os
import sys
import types
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")
warnings.filterwarnings("ignore")

import keras  # noqa: E402
import numpy  # noqa: E402
import safetensors.numpy  # noqa: E402

# A text without any import knows every public name of the language.
PRELUDE = "from keras import *\nfrom keras.layers import *\nimport keras\n"


def stand_in_for_tensorflow():
    """Lets `tensorflow.keras` be imported where only Keras 3 is installed: since TensorFlow 2.16 they are the same."""
    if "tensorflow" in sys.modules:
        return
    # Keras looks for TensorFlow only once: let it find that there is none before the stand-in is there.
    from keras.src.utils import module_utils

    assert not module_utils.tensorflow.available
    tensorflow = types.ModuleType("tensorflow")
    tensorflow.keras = keras
    sys.modules["tensorflow"] = tensorflow
    for name in ("", ".layers", ".models", ".activations", ".initializers", ".regularizers", ".constraints"):
        sys.modules["tensorflow.keras" + name] = sys.modules.get("keras" + name) or getattr(keras, name[1:])


def compute_in_double():
    """From here on models are f64 throughout. `JAX_ENABLE_X64` must have been set before this module was imported."""
    from keras.src.backend.common import dtypes

    # Keras narrows promoted types to 32 bits on every backend but TensorFlow; tanh would be f32.
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    keras.config.set_floatx("float64")


@contextlib.contextmanager
def float64_allowed(is_allowed):
    """Within it, texts that say `set_floatx("float64")` compute in float64 from end to end; behind it all is as before."""
    if not is_allowed:
        yield
        return
    from keras.src.backend.common import dtypes

    narrowed = dtypes.BIT64_TO_BIT32_DTYPE["float64"]
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    let_jax_compute_in_double(True)
    try:
        yield
    finally:
        dtypes.BIT64_TO_BIT32_DTYPE["float64"] = narrowed
        let_jax_compute_in_double(False)
        keras.backend.clear_session()
        keras.config.set_floatx("float32")


def let_jax_compute_in_double(is_allowed):
    # Keras's NumPy backend asks JAX for convolutions and pooling.
    if keras.backend.backend() in ("jax", "numpy"):
        import jax

        jax.config.update("jax_enable_x64", is_allowed)


def has_import(text):
    """Whether any statement of the text imports something."""
    return any(line.lstrip().startswith(("import ", "from ")) for line in text.splitlines())


def run_text(text, name="<text>"):
    """Runs a `.rnn` text as Python: a list of (variable, model), in the order of the first assignment.

    Raises whatever Python or Keras raises. Names start from zero, as in a fresh process.
    """
    if "tensorflow" in text:
        stand_in_for_tensorflow()
    keras.backend.clear_session()
    names = {"__name__": "__rnn__"}
    if not has_import(text):
        exec(PRELUDE, names)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, name, "exec"), names)
    models, seen = [], set()
    for variable, value in names.items():
        if isinstance(value, keras.Model) and id(value) not in seen:
            seen.add(id(value))
            models.append((variable, value))
    return models


def chosen(models):
    """The model that `rnnc run` takes: the only one, or else the one in the variable `model`; `None` without either."""
    return models[0][1] if len(models) == 1 else dict(models).get("model")


def run_file(path):
    """`run_text` of a file."""
    return run_text(path.read_text(encoding="utf-8"), str(path))


def summary_text(model, columns=80):
    """What `model.summary()` prints on a terminal of that many columns, without colour."""
    before = {name: os.environ.get(name) for name in ("COLUMNS", "TERM")}
    os.environ.update(COLUMNS=str(columns), TERM="xterm")
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            model.summary()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
    return printed.getvalue()


def size_of(weights):
    """The number of scalars in the weights, each variable counted once."""
    return sum(math.prod(weight.shape) for weight in {id(weight): weight for weight in weights}.values())


def as_shapes(structure):
    """A shape, or a list of shapes, as JSON has it: lists, `None` for a free dimension."""
    if isinstance(structure, dict):
        shapes = [as_shapes(structure[key]) for key in sorted(structure)]
        return shapes[0] if len(shapes) == 1 else shapes
    if isinstance(structure, list) and len(structure) == 1 and isinstance(structure[0], (list, tuple)):
        return as_shapes(structure[0])
    if isinstance(structure, (list, tuple)) and structure and isinstance(structure[0], (list, tuple)):
        return [as_shapes(shape) for shape in structure]
    return None if structure is None else list(structure)


def shapes_of_output(layer):
    """The output shape of a layer in a built model."""
    output = layer._inbound_nodes[-1].outputs
    output = output[0] if len(output) == 1 else output
    if isinstance(output, (list, tuple)):
        return [list(tensor.shape) for tensor in output]
    return list(output.shape)


def describe_layer(layer):
    """One entry of `layers` in `rnnc summary --format json`."""
    return {
        "class": type(layer).__name__,
        "name": layer.name,
        "output_shape": shapes_of_output(layer),
        "params": layer.count_params() if isinstance(layer, keras.layers.Layer) else 0,
        "trainable_params": size_of(getattr(layer, "trainable_weights", [])),
    }


def describe_model(variable, model):
    """One entry of `models` in `rnnc summary --format json`."""
    return {
        "variable": variable,
        "name": model.name,
        "input_shape": as_shapes(model.input_shape),
        "output_shape": as_shapes(model.output_shape),
        "layers": [describe_layer(layer) for layer in getattr(model, "operations", model.layers)],
        "total_params": size_of(model.weights),
        "trainable_params": size_of(model.trainable_weights),
        "non_trainable_params": size_of(model.non_trainable_weights),
    }


def describe(models):
    """The whole of `rnnc summary --format json`."""
    return {"models": [describe_model(variable, model) for variable, model in models]}


def path_of(model, weight):
    """Keras's path of a weight without the model's name in front."""
    return weight.path.removeprefix(model.name + "/")


def weights_by_path(model):
    """Every weight as an array under its path."""
    return {path_of(model, weight): keras.ops.convert_to_numpy(weight) for weight in model.weights}


def random_weight(random, path, shape, gain):
    """A value of every weight that differs from what Keras starts with."""
    leaf = path.rsplit("/", 1)[-1]
    if leaf == "gamma":
        value = 1 + 0.4 * random.standard_normal(shape)
    elif leaf == "count":
        return numpy.zeros(shape, "int32")
    elif leaf in ("moving_variance", "variance"):
        value = random.uniform(0.3, 2.0, shape)
    elif leaf == "alpha":
        value = random.uniform(0.05, 0.6, shape)
    elif leaf in ("kernel", "recurrent_kernel"):
        value = gain * random.standard_normal(shape) / math.sqrt(max(shape[0], 1))
    else:
        value = 0.4 * random.standard_normal(shape)
    return value.astype("float32")


def finer(array, random, kept=()):
    """The array in float64 with digits that float32 does not hold, but for the values that a model compares with."""
    if array.dtype.kind in "ib":
        return array
    noise = random.uniform(-1e-8, 1e-8, array.shape) * (1 + abs(array))
    return numpy.where(numpy.isin(array, kept), array, array + noise).astype("float64")


def randomise(model, random, gain=1.2):
    """Gives every weight of the model a random value."""
    for weight in model.weights:
        value = random_weight(random, weight.path, tuple(weight.shape), gain)
        weight.assign(finer(value, random) if str(weight.dtype) == "float64" else value)
    take_statistics(model)


def take_statistics(model):
    """Lets every `Normalization` compute by the statistics that its weights hold."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def assign(model, weights):
    """Gives the model the weights of a dictionary by path."""
    for weight in model.weights:
        weight.assign(weights[path_of(model, weight)])
    take_statistics(model)


def vocabulary_of(model):
    """The smallest `input_dim` of an Embedding that reads the model's input, or None if the input is no index."""
    for layer in model.layers:
        while hasattr(layer, "layer") and not isinstance(layer, keras.layers.Embedding):
            layer = layer.layer
        if isinstance(layer, keras.layers.Embedding):
            return layer.input_dim
        if layer.weights:
            return None
    return None


def ends(model, kind):
    """The inputs or outputs of a model by name, in Keras's order: the keys of a dictionary that hold a tensor each, or the
    names of the layers that give them; a name that comes again gets a number."""
    structure = getattr(model, f"_{kind}_struct", None)
    tensors = getattr(model, kind)
    keys = [tensor._keras_history.operation.name for tensor in tensors]
    if isinstance(structure, dict):
        place = 0
        for key in sorted(structure):
            if not isinstance(structure[key], (dict, list, tuple)):
                keys[place] = key
            place += len(keras.tree.flatten(structure[key]))
    names = []
    for key in keys:
        name, number = key, 0
        while name in names or (number and name in keys):
            number += 1
            name = f"{key}_{number}"
        names.append(name)
    return dict(zip(names, tensors))


def layers_within(model):
    """All layers of the model, also those inside others."""
    return list(model._flatten_layers(include_self=False, recursive=True))


def mask_values(model):
    """What steps hold that `Masking` layers of the model skip."""
    return [layer.mask_value for layer in layers_within(model) if isinstance(layer, keras.layers.Masking)]


def has_masks(model):
    """Whether anything in the model may mask steps."""
    zeros = [layer for layer in layers_within(model) if getattr(layer, "mask_zero", False)]
    return bool(mask_values(model) or zeros or any(tensor.dtype == "bool" for tensor in model.inputs))


def keeps_masks_by_accident(model):
    """Whether a layer that knows no masks gives back the tensor that it got: on JAX the tensor's mask is still on it then,
    on other backends not."""
    if not has_masks(model):
        return False
    kinds = ("Reshape", "Permute", "Flatten", "ZeroPadding1D", "Cropping1D", "UpSampling1D", "MaxPooling1D", "AveragePooling1D", "GetItem")
    operations = [*getattr(model, "operations", []), *layers_within(model)]
    nodes = [node for operation in operations if type(operation).__name__ in kinds for node in operation._inbound_nodes]
    wrapped = any(type(operation).__name__ == "TimeDistributed" for operation in operations)
    return wrapped or any(node.input_tensors[0].shape == node.outputs[0].shape for node in nodes if node.input_tensors)


def mixes_samples(model):
    """Whether Keras lays a mask's batch over other axes, or takes the first sample's state for all: `ConvLSTM1D` that is not
    unrolled, and stacks of cells that begin with states. With a single sample both are as they are meant."""
    layers = layers_within(model)
    convolves = any(type(layer).__name__ == "ConvLSTM1D" and not layer.unroll for layer in layers)
    return has_masks(model) and (convolves or any(hasattr(getattr(layer, "cell", None), "cells") for layer in layers))


def removes_masks_within(model):
    """Whether attention takes masks off tensors that models inside read too: JAX hands those in as they are, other backends
    as copies."""
    layers = layers_within(model)
    takes = any(type(layer).__name__ == "MultiHeadAttention" for layer in layers)
    return keras.backend.backend() != "jax" and takes and has_masks(model) and any(isinstance(layer, keras.Model) for layer in layers)


def mask_some(array, values, random):
    """Steps of some samples become one of the values: the first, the last, all, or any of them."""
    for sample in array:
        picked = random.random(sample.shape[:1]) < random.choice([0.0, 0.3, 0.6])
        choice = random.integers(6)
        if choice < 2:
            picked[: random.integers(len(picked) + 1)] = True
        elif choice < 4:
            picked[random.integers(len(picked) + 1) :] = True
        elif choice == 4 and random.random() < 0.3:
            picked[:] = True
        sample[picked] = random.choice(values)


def random_inputs(model, random, batch=3, timesteps=6):
    """Inputs that fit, by name: integers for an Embedding and where they are asked for, truth values for a mask, else normal floats; free dimensions get
    `timesteps`. Some steps are what the model masks."""
    vocabulary = vocabulary_of(model)
    inputs = ends(model, "inputs")
    batches = [tensor.shape[0] for tensor in inputs.values() if tensor.shape[0]]
    arrays = {}
    for name, tensor in inputs.items():
        shape = [batches[0] if batches else batch] + [timesteps if size is None else size for size in tensor.shape[1:]]
        if tensor.dtype == "bool":
            arrays[name] = numpy.ones(shape, "bool")
            mask_some(arrays[name], [False], random)
        elif vocabulary is not None:
            arrays[name] = random.integers(0, vocabulary, shape).astype("int32")
        elif tensor.dtype == "int32":
            arrays[name] = random.integers(-3, 6, shape).astype("int32")
        else:
            arrays[name] = random.standard_normal(shape).astype("float32")
        values = mask_values(model) if vocabulary is None else [0]
        if values and has_masks(model) and tensor.dtype != "bool" and len(shape) > 1:
            mask_some(arrays[name], values, random)
    return arrays


def in_double(inputs):
    """The same inputs, floats as f64."""
    return {name: array if array.dtype in ("int32", "bool") else array.astype("float64") for name, array in inputs.items()}


def evaluate(model, inputs):
    """The model's outputs for a batch, at inference, as arrays by name."""
    if mixes_samples(model) and not any(getattr(layer, "stateful", False) for layer in layers_within(model)):
        batch = len(next(iter(inputs.values())))
        samples = [evaluate_together(model, {name: array[place : place + 1] for name, array in inputs.items()}) for place in range(batch)]
        return {name: numpy.concatenate([sample[name] for sample in samples]) for name in samples[0]}
    return evaluate_together(model, inputs)


def evaluate_together(model, inputs):
    """The same of all samples at once, whatever Keras makes of them."""
    given = list(inputs.values())
    structure = getattr(model, "_inputs_struct", None)
    packed = given[0] if structure is None else keras.tree.pack_sequence_as(structure, given)
    answers = keras.tree.flatten(model(packed, training=False))
    return {name: keras.ops.convert_to_numpy(answer) for name, answer in zip(ends(model, "outputs"), answers)}


def recorded(kind, arrays):
    """Arrays under the names that files of inputs and outputs give them: `KIND`, or `KIND:NAME` for each of several."""
    if len(arrays) == 1:
        return {kind: next(iter(arrays.values()))}
    return {f"{kind}:{name}": array for name, array in arrays.items()}


def load_tensors(path):
    """The tensors of a safetensors file."""
    return safetensors.numpy.load_file(path)


def save_tensors(tensors, path):
    """Writes a safetensors file that anyone may read."""
    safetensors.numpy.save_file({name: numpy.array(value, order="C") for name, value in tensors.items()}, path)
    path.chmod(0o644)


def versions():
    """What the numbers were made with."""
    import importlib.metadata
    import platform

    packages = ("keras", "jax", "numpy", "rich", "safetensors")
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"python": platform.python_version(), "backend": keras.backend.backend(), **found}
