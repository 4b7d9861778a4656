"""Random linear models as structures that can be printed as `.rnn` text, broken on purpose, and shrunk.

A `Layer` is a class name and its arguments; an argument's value is text or another `Layer`. The generator follows the
shapes, so most models are valid; `break_somewhere` makes mistakes of the kinds that people make.
"""

import copy
import math
from dataclasses import dataclass, field

ACTIVATIONS = (
    "linear relu relu6 leaky_relu elu selu celu tanh sigmoid softmax log_softmax softplus softsign silu swish gelu mish "
    "exponential log_sigmoid hard_sigmoid hard_silu hard_swish hard_tanh hard_shrink soft_shrink tanh_shrink squareplus "
    "sparse_plus sparse_sigmoid sparsemax"
).split()
# Activations under which a recurrence stays bounded, so that f32 and f64 agree.
TAME = "tanh sigmoid softsign hard_sigmoid hard_tanh softmax sparse_sigmoid tanh relu6".split()
INITIALIZERS = "glorot_uniform he_normal zeros ones orthogonal random_normal lecun_uniform GlorotNormal".split()
REGULARIZERS = "l1 l2 L1L2".split()
CONSTRAINTS = "non_neg max_norm unit_norm MinMaxNorm".split()


@dataclass
class Layer:
    """A call of a layer's class: `arguments` is a list of [keyword or None, text or Layer]."""

    name: str
    arguments: list = field(default_factory=list)

    def text(self):
        parts = []
        for keyword, value in self.arguments:
            shown = value.text() if isinstance(value, Layer) else value
            parts.append(shown if keyword is None else f"{keyword}={shown}")
        return f"{self.name}({', '.join(parts)})"

    def has(self, keyword):
        return any(given == keyword for given, _ in self.arguments)

    def inner(self):
        """This layer and those in its arguments."""
        yield self
        for _, value in self.arguments:
            if isinstance(value, Layer):
                yield from value.inner()


@dataclass
class Group(Layer):
    """Layers in a list; its name is no class."""

    name: str = "[]"

    def __init__(self, arguments):
        super().__init__("[]", arguments)

    def text(self):
        shown = (value.text() if isinstance(value, Layer) else value for _, value in self.arguments)
        return "[" + ", ".join(shown) + "]"


@dataclass
class Model:
    """A `Sequential`: its layers, the first usually an Input; `style` says how the text is laid out."""

    layers: list
    style: str = "add"
    name: str | None = None
    extra: list = field(default_factory=list)

    def text(self):
        name = "" if self.name is None else f"name={self.name}"
        lines = []
        if self.style == "imports":
            used = sorted({part.name for layer in self.layers for part in layer.inner() if part.name.isidentifier()})
            lines += ["from keras import Sequential", f"from keras.layers import {', '.join(used)}" if used else "", ""]
        if self.style == "list":
            lines.append("model = Sequential([")
            lines += [f"    {layer.text()}," for layer in self.layers]
            lines.append(f"], {name})" if name else "])")
        else:
            lines.append(f"model = Sequential({name})")
            lines += [f"model.add({layer.text()})" for layer in self.layers]
        return "\n".join(lines + self.extra) + "\n"


class Generator:
    """Draws models; `random` is a `random.Random`."""

    def __init__(self, random):
        self.random = random

    def maybe(self, chance):
        return self.random.random() < chance

    def pick(self, *choices):
        return self.random.choice(choices)

    def quoted(self, names):
        return f'"{self.random.choice(names)}"'

    def model(self):
        """A model that Keras most probably takes."""
        shape, batch, embeds = self.input_shape()
        layers = [self.input_layer(shape, batch)]
        if embeds:
            layer, shape = self.embedding(shape)
            layers.append(layer)
        elif len(shape) > 1 and self.maybe(0.25):
            layers.append(self.masking(shape)[0])
        for _ in range(self.random.randint(0 if embeds else 1, 5)):
            layer, shape = self.layer(shape, batch)
            self.decorate(layer)
            layers.append(layer)
        name = self.pick('"net"', '"a model"', '"' + "long_name_" * 9 + '"') if self.maybe(0.15) else None
        return Model(layers, self.pick("add", "add", "list", "imports"), name)

    def input_shape(self):
        """(sample shape, fixed batch or None, whether an Embedding follows)."""
        batch = 3 if self.maybe(0.15) else None
        timesteps = None if self.maybe(0.2) else self.random.randint(1, 7)
        features = self.pick(1, 2, 3, 4, 5, 8, 17)
        if self.maybe(0.15):
            return self.pick((timesteps,), (timesteps,), (3, 2), (4,)), batch, True
        small = self.random.randint(1, 3)
        return self.pick((features,), (timesteps, features), (timesteps, features), (timesteps, features), (small, 3, features), (2, small, 3, 2)), batch, False

    def input_layer(self, shape, batch):
        text = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
        if batch is not None:
            if self.maybe(0.5):
                return Layer(self.pick("Input", "InputLayer"), [["batch_shape", f"({batch}, {text[1:]}" if shape else f"({batch},)"]])
            return Layer("Input", [["shape", text], ["batch_size", str(batch)]])
        return Layer(self.pick("Input", "Input", "Input", "InputLayer"), [["shape", text]])

    def embedding(self, shape):
        width = self.random.randint(1, 6)
        arguments = [[None, str(self.random.randint(2, 30))], [None, str(width)]]
        if self.maybe(0.3):
            arguments = [["input_dim", arguments[0][1]], ["output_dim", arguments[1][1]]]
        if self.maybe(0.5):
            arguments.append(["mask_zero", "True"])
        return Layer("Embedding", arguments), (*shape, width)

    def masking(self, shape):
        return Layer("Masking", [[self.pick(None, "mask_value"), self.pick("0.0", "-1.5", "2")]] if self.maybe(0.5) else []), shape

    def decorate(self, layer):
        """Arguments that every layer takes and that change no number."""
        if self.maybe(0.08):
            layer.arguments.append(["trainable", self.pick("True", "False", "False")])
        if self.maybe(0.05):
            layer.arguments.append(["dtype", '"float32"'])
        if self.maybe(0.1):
            layer.arguments.append(["name", f'"{self.pick("own", "a_rather_long_name_for_a_layer_of_this_kind", "two words", "x")}_{self.random.randint(0, 10**6)}"'])

    def layer(self, shape, batch):
        """(layer, its output shape) for an input of that sample shape."""
        known = shape[-1] is not None
        rules = [self.activation, self.parametric_relu, self.dropout, self.softmax] if shape else [self.flatten]
        if known and shape:
            rules += [self.dense] * 2 + [self.layer_normalization, self.batch_normalization, self.further_normalization]
        if None not in shape:
            rules += [self.flatten, self.reshape]
        if len(shape) > 1:
            rules += [self.permute]
        if len(shape) == 1:
            rules += [self.repeat_vector]
        if len(shape) == 2 and known:
            rules += [self.recurrent] * 6 + [self.bidirectional] * 4 + [self.convolved] * 4 + [self.cells] * 3
        if len(shape) == 2:
            rules += [self.resized, self.pooled]
        if len(shape) == 3 and None not in shape[1:]:
            rules += [self.conv_lstm] * 2
        if len(shape) >= 2:
            rules += [self.time_distributed] * 2 + [self.masking]
        rule = self.random.choice(rules)
        if rule in (self.recurrent, self.bidirectional, self.cells, self.conv_lstm):
            return rule(shape, batch)
        return rule(shape)

    def function(self, is_tame=False):
        """An activation: a name, or a layer without weights."""
        if self.maybe(0.85):
            return self.quoted(TAME if is_tame else ACTIVATIONS)
        layers = [Layer("ReLU", [["max_value", self.pick("1", "6.0")]]), Layer("Activation", [[None, self.quoted(TAME)]])]
        if not is_tame:
            layers += [Layer("LeakyReLU", [[None, self.pick("0.1", "0.0")]]), Layer("ELU", [[None, self.pick("0.5", "2")]])]
            layers += [Layer("Softmax"), Layer("ReLU", [["negative_slope", "0.2"], ["threshold", "0.5"]]), Layer("Identity")]
        return self.random.choice(layers)

    def activation(self, shape):
        choice = self.random.randrange(6)
        if choice == 5 and self.maybe(0.25):
            return Layer("Discretization", [[self.pick(None, "bin_boundaries"), self.pick("[-0.5, 0.5]", "(0.0,)", "[-1, -0.2, 0, 0.3, 2]")]]), shape
        if choice == 5:
            offset = [["offset", self.pick("0.5", "-1", "0")]] if self.maybe(0.5) else []
            return self.pick((Layer("Rescaling", [[None, self.pick("0.5", "2", "1 / 3")], *offset]), shape), (Layer("UnitNormalization"), shape))
        if choice == 0:
            arguments = []
            if self.maybe(0.5):
                arguments.append(["max_value", self.pick("1.0", "6", "None", "0.5")])
            if self.maybe(0.5):
                arguments.append(["negative_slope", self.pick("0.1", "0", "0.25")])
            if self.maybe(0.5):
                arguments.append(["threshold", self.pick("0.3", "0.0", "1")])
            return Layer("ReLU", arguments), shape
        if choice == 1:
            return Layer("LeakyReLU", [[self.pick(None, "negative_slope"), self.pick("0.1", "0.3", "0")]] if self.maybe(0.5) else []), shape
        if choice == 2:
            return Layer("ELU", [["alpha", self.pick("0.5", "1.0", "2")]] if self.maybe(0.5) else []), shape
        return Layer("Activation", [[None, self.quoted(ACTIVATIONS)]]), shape

    def softmax(self, shape):
        axes = list(range(1, len(shape) + 1)) + [-1]
        axis = self.pick(*map(str, axes), "-1", "[1, -1]" if len(shape) > 1 else "-1")
        return Layer("Softmax", [["axis", axis]] if self.maybe(0.6) else []), shape

    def parametric_relu(self, shape):
        shared = [index + 1 for index, size in enumerate(shape) if size is None or self.maybe(0.2)]
        return Layer("PReLU", [["shared_axes", str(shared)]] if shared else []), shape

    def dropout(self, shape):
        name = self.pick("Dropout", "Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "Identity")
        if name == "Identity":
            return Layer(name), shape
        if len(shape) == 2 and self.maybe(0.2):
            return Layer("SpatialDropout1D", [[None, "0.25"]]), shape
        return Layer(name, [[None, self.pick("0.1", "0.5", "0.2")]] + ([["seed", "3"]] if self.maybe(0.2) else [])), shape

    def dense(self, shape):
        units = self.pick(1, 2, 3, 5, 8, 16, 19)
        arguments = [[self.pick(None, None, "units"), str(units)]]
        if self.maybe(0.5):
            arguments.append(["activation", self.function() if self.maybe(0.9) else "None"])
        if self.maybe(0.2):
            arguments.append(["use_bias", self.pick("True", "False")])
        self.training_arguments(arguments, ("kernel", "bias"))
        if self.maybe(0.06):
            return Layer("SpectralNormalization", [[None, Layer("Dense", arguments)]]), (*shape[:-1], units)
        return Layer("Dense", arguments), (*shape[:-1], units)

    def training_arguments(self, arguments, weights):
        if not self.maybe(0.1):
            return
        weight = self.random.choice(weights)
        kind, names = self.pick(("initializer", INITIALIZERS), ("regularizer", REGULARIZERS), ("constraint", CONSTRAINTS))
        if weight == "bias" and kind == "initializer":
            names = ["zeros", "ones", "random_normal"]
        arguments.append([f"{weight}_{kind}", self.quoted(names)])

    def recurrent_arguments(self, name):
        arguments = []
        if self.maybe(0.3):
            arguments.append(["activation", self.function(is_tame=True) if self.maybe(0.9) else "None"])
        if name != "SimpleRNN" and self.maybe(0.25):
            arguments.append(["recurrent_activation", self.function(is_tame=True)])
        if self.maybe(0.2):
            arguments.append(["use_bias", self.pick("True", "False")])
        if name == "GRU" and self.maybe(0.5):
            arguments.append(["reset_after", self.pick("True", "False")])
        if name == "LSTM" and self.maybe(0.1):
            arguments.append(["unit_forget_bias", self.pick("True", "False")])
        if self.maybe(0.1):
            arguments.append([self.pick("dropout", "recurrent_dropout"), self.pick("0.2", "0", "0.5")])
        self.training_arguments(arguments, ("kernel", "recurrent", "bias"))
        return arguments

    def recurrent(self, shape, batch, backwards=True):
        name = self.pick("SimpleRNN", "LSTM", "GRU")
        units = self.pick(1, 2, 3, 4, 7, 8, 18)
        arguments = [[self.pick(None, None, "units"), str(units)], *self.recurrent_arguments(name)]
        sequences = self.maybe(0.55)
        if sequences or self.maybe(0.1):
            arguments.append(["return_sequences", str(sequences)])
        if backwards and self.maybe(0.15):
            arguments.append(["go_backwards", "True"])
        if self.maybe(0.1):
            arguments.append(["unroll", "True" if shape[0] is not None and self.maybe(0.7) else "False"])
        if self.maybe(0.15):
            arguments.append(["zero_output_for_mask", self.pick("True", "False")])
        if batch is not None and self.maybe(0.3):
            arguments.append(["stateful", "True"])
        return Layer(name, arguments), (shape[0], units) if sequences else (units,)

    def cell(self):
        """A cell and its units."""
        name = self.pick("SimpleRNN", "LSTM", "GRU")
        units = self.pick(1, 2, 3, 5, 17)
        layer = Layer(name + "Cell", [[self.pick(None, None, "units"), str(units)], *self.recurrent_arguments(name)])
        if self.maybe(0.1):
            layer.arguments.append(["trainable", "False"])
        if self.maybe(0.1):
            layer.arguments.append(["name", f'"cell_{self.random.randint(0, 10**6)}"'])
        return layer, units

    def cells(self, shape, batch, backwards=True):
        """An `RNN` of a cell or of several."""
        cells = [self.cell() for _ in range(self.pick(1, 1, 2, 2, 3))]
        units = cells[-1][1]
        parts = [cell for cell, _ in cells]
        if len(cells) > 1 or self.maybe(0.3):
            parts = [Group([[None, part] for part in parts])]
            if self.maybe(0.3):
                parts = [Layer("StackedRNNCells", [[None, parts[0]]])]
        arguments = [[self.pick(None, None, "cell"), parts[0]]]
        sequences = self.maybe(0.55)
        if sequences or self.maybe(0.1):
            arguments.append(["return_sequences", str(sequences)])
        if backwards and self.maybe(0.15):
            arguments.append(["go_backwards", "True"])
        if shape[0] is not None and self.maybe(0.1):
            arguments.append(["unroll", "True"])
        if batch is not None and self.maybe(0.3):
            arguments.append(["stateful", "True"])
        layer, output = Layer("RNN", arguments), (shape[0], units) if sequences else (units,)
        if backwards and not layer.has("go_backwards") and self.maybe(0.25):
            mode = self.pick("concat", "sum", "ave", "mul")
            return Layer("Bidirectional", [[None, layer], ["merge_mode", f'"{mode}"']]), (*output[:-1], units * (2 if mode == "concat" else 1))
        return layer, output

    def conv_lstm(self, shape, batch):
        """A `ConvLSTM1D`, perhaps both ways."""
        filters, size = self.pick(1, 2, 3, 17), self.random.randint(1, min(3, shape[1]))
        same, stride = self.maybe(0.5), self.pick(1, 1, 2)
        dilation = self.pick(1, 2) if stride == 1 and 2 * size - 1 <= shape[1] else 1
        arguments = [[None, str(filters)], [None, str(size)]]
        for keyword, value, default in (("strides", stride, 1), ("dilation_rate", dilation, 1)):
            if value != default or self.maybe(0.1):
                arguments.append([keyword, str(value)])
        if same:
            arguments.append(["padding", '"same"'])
        arguments += self.recurrent_arguments("LSTM")
        sequences, both, mode = self.maybe(0.5), self.maybe(0.25), self.pick("concat", "concat", "sum", "mul")
        if sequences:
            arguments.append(["return_sequences", "True"])
        if not both and self.maybe(0.2):
            arguments.append(["go_backwards", "True"])
        if batch is not None and self.maybe(0.3):
            arguments.append(["stateful", "True"])
        span = dilation * (size - 1) + 1
        places = math.ceil(shape[1] / stride) if same else (shape[1] - span) // stride + 1
        if self.maybe(0.15):
            # Features before the rows.
            arguments.append(["data_format", '"channels_first"'])
            places_first = math.ceil(shape[2] / stride) if same else (shape[2] - span) // stride + 1
            if places_first > 0:
                return Layer("ConvLSTM1D", arguments), (shape[0], filters, places_first) if sequences else (filters, places_first)
            arguments.pop()
        layer, width = Layer("ConvLSTM1D", arguments), filters
        if both:
            layer = Layer("Bidirectional", [[None, layer], ["merge_mode", f'"{mode}"']])
            width = 2 * filters if mode == "concat" else filters
        return layer, (shape[0], places, width) if sequences else (places, width)

    def bidirectional(self, shape, batch):
        inner, output = self.recurrent(shape, batch, backwards=False)
        arguments = [[None, inner]]
        mode = self.pick("concat", "concat", "sum", "ave", "mul")
        if mode != "concat" or self.maybe(0.2):
            arguments.append(["merge_mode", f'"{mode}"'])
        if self.maybe(0.15):
            backward = copy.deepcopy(inner)
            backward.arguments = [pair for pair in backward.arguments if pair[0] not in ("activation", "use_bias")]
            backward.arguments.append(["go_backwards", "True"])
            if self.maybe(0.4):
                backward.arguments.append(["activation", self.quoted(TAME)])
            arguments.append(["backward_layer", backward])
        width = output[-1] * (2 if mode == "concat" else 1)
        return Layer("Bidirectional", arguments), (*output[:-1], width)

    def time_distributed(self, shape):
        inner, output = self.layer(shape[1:], None)
        if self.maybe(0.05):
            inner.arguments.append(["name", '"inside"'])
        return Layer("TimeDistributed", [[None, inner]]), (shape[0], *output)

    def flatten(self, shape):
        return Layer("Flatten"), (math.prod(shape),)

    def reshape(self, shape):
        total = math.prod(shape)
        divisors = [size for size in range(1, total + 1) if total % size == 0]
        first = self.random.choice(divisors)
        second = self.random.choice([size for size in divisors if (total // first) % size == 0])
        target = self.pick((total,), (first, total // first), (first, second, total // first // second))
        shown = list(map(str, target))
        if self.maybe(0.4):
            shown[self.random.randrange(len(shown))] = "-1"
        return Layer("Reshape", [[self.pick(None, "target_shape"), "(" + ", ".join(shown) + ",)"]]), target

    def permute(self, shape):
        order = list(range(1, len(shape) + 1))
        self.random.shuffle(order)
        return Layer("Permute", [[None, str(tuple(order))]]), tuple(shape[axis - 1] for axis in order)

    def resized(self, shape):
        kind, first, last = self.pick("ZeroPadding1D", "Cropping1D", "UpSampling1D"), self.random.randint(0, 2), self.random.randint(0, 2)
        timesteps = shape[0]
        if kind == "UpSampling1D":
            size = self.pick(1, 2, 3)
            return Layer(kind, [] if size == 2 else [["size", str(size)]]), (None if timesteps is None else timesteps * size, shape[1])
        if kind == "Cropping1D" and timesteps is not None and first + last >= timesteps:
            kind = "ZeroPadding1D"
        sign = 1 if kind == "ZeroPadding1D" else -1
        result = None if timesteps is None else timesteps + sign * (first + last)
        return Layer(kind, [[None, f"({first}, {last})"]]), (result, shape[1])

    def pooled(self, shape):
        choice = self.random.randrange(8)
        if choice == 0:
            size = self.random.randint(1, 6)
            return Layer(self.pick("AdaptiveAveragePooling1D", "AdaptiveMaxPooling1D"), [[None, str(size)]]), (size, shape[1])
        if choice == 1 and shape[1] is not None:
            first = ["data_format", '"channels_first"']
            kind = self.pick("AdaptiveMaxPooling1D", "MaxPooling1D", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "ZeroPadding1D")
            if kind == "AdaptiveMaxPooling1D":
                return Layer(kind, [[None, "3"], first]), (shape[0], 3)
            if kind == "MaxPooling1D":
                return Layer(kind, [[None, "2"], ["padding", '"same"'], first]), (shape[0], math.ceil(shape[1] / 2))
            if kind == "ZeroPadding1D":
                return Layer(kind, [["padding", "(1, 2)"], first]), (shape[0], shape[1] + 3)
            return Layer(kind, [first]), (shape[0],)
        if self.maybe(0.5):
            size, strides, same = self.random.randint(1, 3), self.pick(None, 1, 2), self.maybe(0.4)
            step = strides or size
            timesteps = shape[0]
            if timesteps is not None:
                timesteps = -(-timesteps // step) if same else (timesteps - size) // step + 1
            if timesteps is None or timesteps > 0:
                arguments = [["pool_size", str(size)]] + ([["strides", str(strides)]] if strides else []) + ([["padding", '"same"']] if same else [])
                return Layer(self.pick("MaxPooling1D", "AveragePooling1D"), arguments), (timesteps, shape[1])
        keepdims = self.maybe(0.3)
        arguments = [["keepdims", "True"]] if keepdims else []
        return Layer(self.pick("GlobalAveragePooling1D", "GlobalMaxPooling1D"), arguments), (1, shape[1]) if keepdims else (shape[1],)

    def convolved(self, shape):
        """One of the four convolutions, with features first where both axes are known."""
        first = None not in shape and self.maybe(0.2)
        timesteps, features = reversed(shape) if first else shape
        kind = self.pick("Conv1D", "Conv1D", "DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose")
        size, strides, dilation, multiplier = self.pick(1, 2, 3, 4), self.pick(1, 1, 2, 3), 1, self.pick(1, 1, 2, 3)
        if self.maybe(0.3) and (strides == 1 or kind in ("DepthwiseConv1D", "SeparableConv1D")):
            dilation = self.pick(2, 3)
        padding = self.pick("valid", "same", "causal") if kind == "Conv1D" else self.pick("valid", "same")
        reach = (size - 1) * dilation + 1
        if kind != "Conv1DTranspose" and padding == "valid" and timesteps is not None and timesteps < reach:
            padding = "same"
        groups = self.pick(*[group for group in range(1, features + 1) if features % group == 0]) if kind == "Conv1D" and self.maybe(0.3) else 1
        filters = features * multiplier if kind == "DepthwiseConv1D" else groups * self.pick(1, 2, 3, 5) if groups > 1 else self.pick(1, 2, 3, 5, 8, 17)
        arguments = [] if kind == "DepthwiseConv1D" else [[self.pick(None, None, "filters"), str(filters)]]
        arguments.append([None if not arguments or arguments[0][0] is None else "kernel_size", self.pick(str(size), str(size), f"({size},)")])
        options = [("strides", strides, 1), ("padding", padding, "valid"), ("dilation_rate", dilation, 1), ("groups", groups, 1)]
        if kind in ("DepthwiseConv1D", "SeparableConv1D"):
            options.append(("depth_multiplier", multiplier, 1))
        for keyword, value, default in options:
            if value != default or self.maybe(0.1) and not (keyword == "groups" and kind != "Conv1D"):
                arguments.append([keyword, self.pick(f'"{value}"', f'"{value.upper()}"') if isinstance(value, str) else str(value)])
        further = None
        if kind == "Conv1DTranspose" and self.maybe(0.3):
            further = self.random.randrange(strides)
            arguments.append(["output_padding", str(further)])
        if first or self.maybe(0.1):
            arguments.append(["data_format", '"channels_first"' if first else '"channels_last"'])
        if self.maybe(0.4):
            arguments.append(["activation", self.quoted(ACTIVATIONS)])
        if self.maybe(0.2):
            arguments.append(["use_bias", self.pick("True", "False")])
        self.training_arguments(arguments, ("bias",))
        if timesteps is not None and kind == "Conv1DTranspose":
            timesteps = transposed_length(timesteps, reach, strides, padding, further)
        elif timesteps is not None:
            timesteps = (timesteps - reach) // strides + 1 if padding == "valid" else -(-timesteps // strides)
        return Layer(kind, arguments), (filters, timesteps) if first else (timesteps, filters)

    def repeat_vector(self, shape):
        times = self.random.randint(1, 5)
        return Layer("RepeatVector", [[None, str(times)]]), (times, *shape)

    def layer_normalization(self, shape):
        known = [index + 1 for index, size in enumerate(shape) if size is not None]
        arguments = []
        if self.maybe(0.5):
            axes = self.random.sample(known, self.random.randint(1, len(known)))
            axes = [axis if self.maybe(0.6) else axis - len(shape) - 1 for axis in axes]
            arguments.append(["axis", str(axes[0]) if len(axes) == 1 and self.maybe(0.7) else str(axes)])
        self.normalization_arguments(arguments)
        return Layer("LayerNormalization", arguments), shape

    def batch_normalization(self, shape):
        known = [index + 1 for index, size in enumerate(shape) if size is not None]
        axis = self.random.choice(known)
        arguments = [["axis", str(axis if self.maybe(0.5) else axis - len(shape) - 1)]] if self.maybe(0.4) else []
        self.normalization_arguments(arguments)
        if self.maybe(0.1):
            arguments.append(["renorm", "True"])
        return Layer("BatchNormalization", arguments), shape

    def further_normalization(self, shape):
        known = [index + 1 for index, size in enumerate(shape) if size is not None]
        axis = self.random.choice(known)
        shown = str(axis if self.maybe(0.5) else axis - len(shape) - 1)
        arguments = [["axis", shown]] if self.maybe(0.5) else []
        size = shape[axis - 1] if arguments else shape[-1]
        kind = self.pick("GroupNormalization", "RMSNormalization", "Normalization")
        if kind == "GroupNormalization":
            groups = [count for count in range(1, size + 1) if size % count == 0]
            arguments.insert(0, ["groups", str(self.pick(*groups, -1))])
            self.normalization_arguments(arguments)
        elif kind == "RMSNormalization":
            if self.maybe(0.3):
                arguments = [["axis", str(self.random.sample(known, self.random.randint(1, len(known))))]]
            if self.maybe(0.3):
                arguments.append(["epsilon", self.pick("1e-3", "0.5")])
        else:
            if self.maybe(0.2):
                arguments, size = [["axis", self.pick("None", str(tuple(known)))]], 1
            if self.maybe(0.5):
                numbers = lambda least: str([round(self.random.uniform(least, 2), 2) for _ in range(size)])  # noqa: E731
                mean, variance = (numbers(-2), numbers(0.3)) if size > 1 and self.maybe(0.6) else ("0.5", "2")
                arguments += [["mean", mean], ["variance", variance]]
            if self.maybe(0.3):
                arguments.append(["invert", "True"])
        return Layer(kind, arguments), shape

    def normalization_arguments(self, arguments):
        for keyword, chance, values in (("center", 0.2, ("True", "False")), ("scale", 0.2, ("True", "False")), ("epsilon", 0.3, ("1e-5", "0.01", "1e-3"))):
            if self.maybe(chance):
                arguments.append([keyword, self.random.choice(values)])


def transposed_length(timesteps, reach, strides, padding, further):
    """Timesteps behind a Conv1DTranspose whose filters reach so far."""
    if padding == "valid":
        return (timesteps - 1) * strides + reach + (max(reach, strides) - reach if further is None else further)
    return timesteps * strides if further is None else max((timesteps - 1) * strides + reach % 2 + further, 0)


WRONG_VALUES = (
    "0", "-1", "2.5", '"8"', "None", "True", "[3]", "(2, 3)", "()", '"tahn"', '"Relu"', "-0.5", "1.5", "99", "-9", "1e400", '""', "{}"
)
WRONG_KEYWORDS = "unit activations return_sequence recurent_activation go_backward axes bias input_length batch_input_shape foo momentum alpha".split()
WRONG_LAYERS = (
    "3", '"LSTM"', "None", "Dense", "Sequential", "LSTM(3), LSTM(3)", "Dense()", "LSTM()", "Dropout()", "Flatten(3, 4)", "Lstm(3)", "Conv9D(2)",
    "Input(shape=(3,))", "InputLayer(shape=(3,))", "Bidirectional(3)", "Bidirectional(Dense(3))", "Bidirectional(Bidirectional(LSTM(3)))",
    "Bidirectional(LSTM(3, go_backwards=True))", "Bidirectional(LSTM(3), backward_layer=LSTM(3))", 'Bidirectional(LSTM(3), merge_mode="average")',
    "Bidirectional(LSTM(3), backward_layer=LSTM(3, go_backwards=True, return_sequences=True))", "TimeDistributed(3)", "TimeDistributed(LSTM)",
    "Bidirectional(LSTM(3), merge_mode=None)", "LSTM(3, return_state=True)", "LSTM(3, stateful=True)", "LSTM(3, unroll=True)", "Dense(3, units=3)",
    "Permute((1, 3))", "Permute((2, 2))", "Permute((0, 1))", "Permute((2, 1))", "Reshape((-1, -1))", "Reshape((7, 11))", "Reshape((-2, 3))", "Reshape(6)",
    "RepeatVector(0)", "RepeatVector(2.0)", "RepeatVector(True)", "Embedding(0, 3)", "Embedding(5, 0)", "Embedding(5)", "Embedding(5, 3, mask_zero=True)",
    "LayerNormalization(axis=7)", 'LayerNormalization(axis="1")', "BatchNormalization(axis=7)", "BatchNormalization(axis=0)", "LayerNormalization(axis=0)",
    "PReLU(shared_axes=[9])", "PReLU(shared_axes=[0])", "LeakyReLU(-0.1)", "LeakyReLU(None)", "ReLU(max_value=-1)", "ReLU(threshold=-1)", "ReLU(negative_slope=-1)",
    "Softmax(axis=9)", "Softmax(axis=0)", "Dropout(1.5)", "Dropout(-0.1)", "Dropout(1)", 'Dropout("a")', "Dense(3, trainable=1)", 'Dense(3, name="a/b")', "Dense(3, name=5)",
    'Dense(3, dtype="float64")', 'Dense(3, dtype="nothing")', 'Dense(3, activation="glu")', 'Dense(3, activation="threshold")', "Dense(3, activation=5)",
    'Activation("")', "Activation(None)", "Activation()", 'Dense(3, kernel_initializer="hee")', 'Dense(3, kernel_regularizer="l3")', 'Dense(3, bias_constraint="x")',
    'GRU(3, reset_after="no")', "LSTM(3, dropout=2)", "LSTM(3, use_bias=0)", "LSTM(3, return_sequences=1)", "SimpleRNN(True)", "SimpleRNN(3.0)", "GRU(0)", "LSTM(-3)",
    "TimeDistributed(Flatten(), 3)", "GaussianNoise(-1)", "GaussianDropout(1.0)", "SpatialDropout1D(2)", "AlphaDropout(1.1)", 'LSTM(3, implementation=2)',
    "LSTM(3, time_major=True)", "SimpleRNN(3, recurrent_activation='relu')", "LSTM(3, reset_after=True)", "Dense(3, return_sequences=True)", "LSTM(3, weights=[])",
    "GroupNormalization()", "GroupNormalization(0)", "GroupNormalization(2.0)", "GroupNormalization(1, axis=9)", "RMSNormalization(axis=9)", "Normalization(mean=1.0)",
    "Normalization(mean=[1, 2, 3], variance=[1, 2, 3])", "Normalization(axis=9)", "Normalization(mean=[1.0], variance=2.0)", "Normalization(mean='a', variance='b')",
    "Conv1D(3, 9)", "Conv1D(3, 0)", "Conv1D(3)", "Conv1D(3, 2, strides=0)", "Conv1D(3, 2, strides=2, dilation_rate=2)", 'Conv1D(3, 2, padding="full")',
    "Conv1D(3, 2, groups=2)", "Conv1D(4, 2, groups=7)", "Conv1D(4, (2, 2))", "Conv1D(4, 2.0)", "DepthwiseConv1D(2, padding='causal')", "DepthwiseConv1D(2, groups=2)",
    "DepthwiseConv1D(2, depth_multiplier=0)", "SeparableConv1D(2)", "SeparableConv1D(2, 9)", "Conv1DTranspose(3, 2, output_padding=1)", "Conv1DTranspose(3, 2, 2, output_padding=-1)",
    "Conv1DTranspose(3, 2, 2, dilation_rate=2)", 'Conv1DTranspose(3, 2, padding="causal")', 'Conv1D(3, 2, data_format="channels_second")', "Conv1D(0, 2)", "Conv1D(3, 2, padding=None)",
    "RNN([])", "RNN(3)", "RNN(LSTM(3))", "RNN(Dense(3))", "RNN([LSTMCell(3), Dense(2)])", "LSTMCell(3)", "StackedRNNCells([LSTMCell(3)])", "StackedRNNCells(LSTMCell(3))", "RNN(LSTMCell)", "RNN([LSTMCell(3), [GRUCell(2)]])",
    "RNN(LSTMCell(3), stateful=True)", "RNN(LSTMCell(3, return_sequences=True))", "RNN(units=3)", "Bidirectional(LSTMCell(3))", "TimeDistributed(LSTMCell(3))", "RNN([GRUCell(3), LSTMCell(2)], return_state=True)", "RNN(GRUCell(0))", "RNN(SimpleRNNCell(3, implementation=2))", "Bidirectional(RNN(GRUCell(3), go_backwards=True))",
    "ConvLSTM1D(3, 3)", "ConvLSTM1D(3)", "ConvLSTM1D(3, 9)", "ConvLSTM1D(0, 2)", "ConvLSTM1D(3, 2, strides=2, dilation_rate=2)", "ConvLSTM1D(3, 2, padding='causal')",
    "Dense(3, input_shape=(9, 9))", "LSTM(3, zero_output_for_mask=1)", 'Masking("a")', "Masking(None)", "Masking(mask_value=[0])", "Embedding(5, 3, mask_zero=1)", "Masking(0, 1)", "Dense(units=3, activation='relu', use_bias=False, bias_initializer='zeros')",
)
WRONG_INPUTS = (
    "(-1, 3)", "(2.0, 3)", "5", "(5)", '"3"', "(0, 3)", "(3, None)", "(None, None)", "None", "(True, 3)", "[4, 3]", "()", "(2**31, 2)", "(3, 4, 5, 6, 7)", "('a',)",
)
EXTRA_LINES = (
    "assert model.count_params() == 7", "assert model.output_shape == (None, 3)", "model.fit()", "model.add()", "model.add(Dense(3), 2, 3)", "modle.add(Dense(3))",
    "model.summary(1, 2, 3, 4, 5, 6, 7, 8)", "x = 1 / 0", "x = undefined + 1", "model.build((None, 4))", "model.layers[99]", "model.get_layer('nothing')",
    "x = [1, 2][5]", "a, b = 1, 2, 3", "x = 'a' + 1", "for i in 5:\n    model.add(Dense(2))", "model.unknown()", "x = Dense(3).nothing", "x = range(1, 2, 0)", "x = int('a')",
)


def break_somewhere(model, random):
    """The model with one mistake (which Keras may still take)."""
    broken = copy.deepcopy(model)
    choice = random.randrange(9)
    parts = [part for layer in broken.layers[1:] for part in layer.inner()] or list(broken.layers[0].inner())
    part = random.choice(parts)
    if choice == 0 and part.arguments:
        random.choice(part.arguments)[1] = random.choice(WRONG_VALUES)
    elif choice == 1:
        part.arguments.append([random.choice(WRONG_KEYWORDS), random.choice(WRONG_VALUES)])
    elif choice == 2 and part.arguments:
        part.arguments.pop(random.randrange(len(part.arguments)))
    elif choice == 3:
        broken.layers[0] = Layer(random.choice(["Input", "InputLayer"]), [["shape", random.choice(WRONG_INPUTS)]])
    elif choice == 4:
        broken.layers.pop(random.randrange(len(broken.layers)))
    elif choice == 5:
        random.shuffle(broken.layers)
    elif choice == 6:
        broken.extra.append(random.choice(EXTRA_LINES))
    elif choice == 7 and len(broken.layers) > 1:
        for layer in random.sample(broken.layers[1:], min(2, len(broken.layers) - 1)):
            layer.arguments.append(["name", '"same"'])
    else:
        broken.layers.insert(random.randint(0, len(broken.layers)), Raw(random.choice(WRONG_LAYERS)))
    return broken


@dataclass
class Raw(Layer):
    """A layer given as text."""

    def text(self):
        return self.name


def smaller(model):
    """Every model that is one step smaller: a layer less, an argument less, a wrapper less, or plainer."""
    for index in range(len(model.layers)):
        yield without(model, lambda copied: copied.layers.pop(index))
    for index in range(len(model.extra)):
        yield without(model, lambda copied: copied.extra.pop(index))
    if model.name is not None or model.style != "add":
        yield Model(model.layers, "add", None, model.extra)
    for position, layer in enumerate(model.layers):
        for part_index, part in enumerate(layer.inner()):
            for index, (_, value) in enumerate(part.arguments):
                yield without(model, lambda copied: list(copied.layers[position].inner())[part_index].arguments.pop(index))
                if isinstance(value, Layer) and part_index == 0 and index == 0:
                    yield without(model, lambda copied: copied.layers.__setitem__(position, value))


def without(model, change):
    copied = copy.deepcopy(model)
    change(copied)
    return copied
