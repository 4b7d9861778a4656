"""Random functional models as statements that can be printed as `.rnn` text, broken on purpose, and shrunk.

A `Node` is one assignment: a layer called with earlier tensors, or an expression over them. The generator follows the
shapes; layers of one tensor come from `random_models.Generator`.
"""

import copy
import math
from dataclasses import dataclass, field

from random_models import TAME, Generator, Layer


@dataclass
class Node:
    """`target = template`, in which `{0}`, `{1}` … are the names of `reads`; `layer` is the template's `{layer}`."""

    target: str
    template: str
    reads: list
    layer: Layer | None = None

    def text(self):
        layer = "" if self.layer is None else self.layer.text()
        return f"{self.target} = " + self.template.replace("{layer}", layer).format(*self.reads)


@dataclass
class Graph:
    """A functional model: its inputs, nodes and outputs; each output is a name, each input a node without reads."""

    inputs: list
    nodes: list
    outputs: list
    style: str = "list"
    extra: list = field(default_factory=list)

    def text(self):
        lines = [node.text() for node in [*self.inputs, *self.nodes]]
        names = [node.target for node in self.inputs]
        lines.append(f"model = Model({self.ends(names, 'p')}, {self.ends(self.outputs, 'q')})")
        return "\n".join(lines + self.extra) + "\n"

    def ends(self, names, prefix):
        if self.style == "dict" and len(set(names)) == len(names):
            return "{" + ", ".join(f'"{prefix}{index}": {name}' for index, name in reversed(list(enumerate(names)))) + "}"
        if len(names) == 1 and self.style != "wrapped":
            return names[0]
        return "[" + ", ".join(names) + "]"


class GraphGenerator:
    """Draws graphs; `random` is a `random.Random`."""

    def __init__(self, random):
        self.random = random
        self.layers = Generator(random)
        self.shapes, self.nodes, self.masks, self.pairs = {}, [], {}, None

    def maybe(self, chance):
        return self.random.random() < chance

    def model(self):
        """A model that Keras most probably takes."""
        timesteps = None if self.maybe(0.2) else self.random.randint(1, 6)
        batch = 3 if self.maybe(0.1) else None
        inputs = []
        for index in range(self.random.randint(1, 3)):
            features = self.random.choice([1, 2, 3, 4, 8])
            shape = self.random.choice([(timesteps, features), (timesteps, features), (features,), (2, 3, features)])
            layer = self.layers.input_layer(shape, batch)
            layer.name = "Input"
            if self.maybe(0.5):
                layer.arguments.append(["name", f'"{self.random.choice(["signal", "a condition", "x"])}_{index}"'])
            target = f"i{index}"
            inputs.append(Node(target, "{layer}", [], layer))
            self.shapes[target] = shape
        if self.maybe(0.3):
            mask = self.layers.input_layer((timesteps,), batch)
            mask.name = "Input"
            mask.arguments.append(["dtype", '"bool"'])
            inputs.append(Node("counts", "{layer}", [], mask))
            self.masks["counts"] = timesteps
            if timesteps is not None and self.maybe(0.6):
                inputs += self.masked_inputs(timesteps, batch)
        if self.maybe(0.25):
            name = self.random.choice(list(self.shapes))
            if len(self.shapes[name]) > 1:
                layer, shape = self.layers.masking(self.shapes[name])
                self.define("{layer}({0})", [name], shape, layer)
        for _ in range(self.random.randint(1, 8)):
            self.add(batch)
        outputs = [self.recent() for _ in range(self.random.choice([1, 1, 2, 3]))]
        style = self.random.choice(["list", "list", "wrapped", "dict"])
        extra = []
        if self.maybe(0.15) and len(self.shapes) > 2:
            names = list(self.shapes)
            first = self.random.sample(names[:-1], min(self.random.choice([1, 1, 2]), len(names) - 1))
            begin = first[0] if len(first) == 1 else "[" + ", ".join(first) + "]"
            extra.append(f"part = Model({begin}, {self.random.choice(names[-2:])})")
        return Graph(inputs, self.nodes, outputs, style, extra)

    def masked_inputs(self, timesteps, batch):
        """A mask over pairs of timesteps, and a sequence of rows."""
        pairs = self.layers.input_layer(self.random.choice([(timesteps, timesteps), (1, timesteps), (timesteps, 1)]), batch)
        pairs.name = "Input"
        pairs.arguments.append(["dtype", '"bool"'])
        self.pairs = "pairs"
        rows = self.layers.input_layer((timesteps, 3, 2), batch)
        rows.name = "Input"
        self.shapes["rows"] = (timesteps, 3, 2)
        return [Node("pairs", "{layer}", [], pairs), Node("rows", "{layer}", [], rows)]

    def define(self, template, reads, shape, layer=None):
        target = f"t{len(self.nodes)}"
        self.nodes.append(Node(target, template, reads, layer))
        self.shapes[target] = shape
        return target

    def any(self):
        return self.random.choice(list(self.shapes))

    def recent(self):
        return self.random.choice(list(self.shapes)[-3:])

    def like(self, name, fits):
        """Another tensor whose shape fits, or the same one."""
        shape = self.shapes[name]
        found = [other for other, of_other in self.shapes.items() if len(of_other) == len(shape) and fits(shape, of_other)]
        return self.random.choice(found)

    def add(self, batch):
        rules = [self.layer] * 6 + [self.shared, self.merge, self.merge, self.broadcast, self.concatenate, self.concatenate]
        rules += [self.states, self.states, self.nested, self.attention, self.stacked]
        rules += [self.operator, self.operator, self.subscript, self.dot, self.activation, self.function]
        rules += [self.called, self.called, self.called_stack, self.wrapped_twice]
        rules += [self.comparison, self.values, self.reduction, self.moved, self.several, self.matrices, self.joined_steps]
        rules += [self.along, self.selected, self.named_products, self.heads_over_axes]
        if self.masks:
            rules += [self.masked_call] * 6
        self.random.choice(rules)(batch)

    def masked_call(self, batch):
        """A layer that is told which steps count."""
        mask, timesteps = self.random.choice(list(self.masks.items()))
        rows = [name for name, shape in self.shapes.items() if len(shape) == 3 and shape[0] == timesteps and None not in shape]
        if rows and self.maybe(0.3):
            name = self.random.choice(rows)
            layer, result = self.layers.conv_lstm(self.shapes[name], batch)
            self.define("{layer}({0}, mask={1})", [name, mask], result, layer)
            return
        sequences = [name for name, shape in self.shapes.items() if len(shape) == 2 and shape[0] == timesteps and shape[-1] is not None]
        if not sequences:
            return
        name = self.random.choice(sequences)
        shape, kind = self.shapes[name], self.random.choice([0, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 8, 8])
        if kind < 3:
            layer, result = self.layers.recurrent(shape, batch) if kind else self.layers.bidirectional(shape, batch)
            units = result[-1]
            found = [other for other, of_other in self.shapes.items() if of_other == (units,)]
            if kind and layer.name != "LSTM" and found and self.maybe(0.5):
                state = self.random.choice(found)
                call = self.random.choice(["{0}, initial_state={1}, mask={2}", "{0}, {1}, {2}", "{0}, [{1}], {2}"])
                self.define("{layer}(" + call + ")", [name, state, mask], result, layer)
                return
            if self.maybe(0.2):
                self.define("{layer}({0}, None, {1})", [name, mask], result, layer)
                return
        elif kind == 3:
            layer, result = Layer("GlobalAveragePooling1D"), (shape[1],)
        elif kind == 4:
            layer, result = Layer("BatchNormalization"), shape
        elif kind == 5:
            layer, result = Layer("TimeDistributed", [[None, Layer("Dense", [[None, "3"]])]]), (shape[0], 3)
        elif kind == 6:
            masks = self.random.choice(["[{1}, {1}]", "[{1}, None]", "[None, {1}]"])
            layer = Layer(self.random.choice(["Attention", "AdditiveAttention"]))
            options = ", use_causal_mask=True" if self.maybe(0.4) else ""
            self.define("{layer}([{0}, {0}], mask=" + masks + options + ")", [name, mask], shape, layer)
            return
        elif kind == 7:
            self.masked_heads(name, mask, sequences)
            return
        else:
            self.masked_stack(name, mask, batch)
            return
        self.define("{layer}({0}, mask={1})", [name, mask], result, layer)

    def features(self, name):
        return self.shapes[name][-1] if self.shapes[name] else None

    def vector(self):
        """A tensor of one axis, or the last step of a sequence."""
        found = [name for name, shape in self.shapes.items() if len(shape) == 1 and shape[0] is not None]
        sequences = [name for name, shape in self.shapes.items() if len(shape) == 2 and None not in shape]
        if found and (self.maybe(0.8) or not sequences):
            return self.random.choice(found)
        if not sequences:
            return None
        name = self.random.choice(sequences)
        return self.define("{0}[:, -1]", [name], self.shapes[name][1:])

    def state(self, name, units):
        """A tensor that a cell of so many units may begin with."""
        found = [other for other, shape in self.shapes.items() if shape == (units,)]
        if found and self.maybe(0.8):
            return self.random.choice(found)
        return self.define(f"Dense({units})({{0}})", [name], (units,))

    def called(self, batch):
        """A cell that is called by itself, perhaps again with what it answers, and walks over time, perhaps."""
        name = self.vector()
        if name is None:
            return
        cell, units = self.layers.cell()
        holder, is_lstm = f"cell{len(self.nodes)}", cell.name == "LSTMCell"
        self.nodes.append(Node(holder, "{layer}", [], cell))
        sequences = [other for other, shape in self.shapes.items() if len(shape) == 2 and shape[-1] == self.features(name)]
        walks = bool(sequences) and self.maybe(0.5)
        before = walks and self.maybe(0.5)
        if before:
            self.define("RNN({0}, return_sequences=True)({1})", [holder, sequences[0]], (self.shapes[sequences[0]][0], units))
        states = [self.state(name, units) for _ in range(2 if is_lstm else 1)]
        places = ", ".join(f"{{{index + 2}}}" for index in range(len(states)))
        first = "sequence" if cell.name == "SimpleRNNCell" else "inputs"
        forms = [f"{{0}}({{1}}, [{places}])", f"{{0}}({{1}}, states=({places},))", f"{{0}}(states=[{places}], {first}={{1}})"]
        is_bare = not is_lstm and self.maybe(0.3)
        answers = f"answers{len(self.nodes)}"
        template = f"{{0}}({{1}}, {places})" if is_bare else self.random.choice(forms)
        self.nodes.append(Node(answers, template, [holder, name, *states]))
        self.define("{0}[0]", [answers], (units,))
        state = "{0}[1]" if is_bare else f"{{0}}[1][{self.random.randrange(len(states))}]"
        self.define(state, [answers], (units,))
        if self.maybe(0.5):
            again = f"answers{len(self.nodes)}"
            self.nodes.append(Node(again, "{0}({1}, {2}[1])", [holder, name, answers]))
            self.define("{0}[0]", [again], (units,))
        if walks and not before:
            self.define("RNN({0})({1})", [holder, sequences[0]], (units,))

    def called_stack(self, batch):
        """A stack of cells that is called by itself; one of the cells may be called, too."""
        name = self.vector()
        if name is None:
            return
        cells = [self.layers.cell() for _ in range(self.random.choice([1, 2, 2, 3]))]
        names = {part.arguments[-1][1] for part, _ in cells if part.has("name")}
        if len(names) < sum(part.has("name") for part, _ in cells):
            return
        holders = []
        for cell, _ in cells:
            holders.append(f"cell{len(self.nodes)}")
            self.nodes.append(Node(holders[-1], "{layer}", [], cell))
        stack = f"stack{len(self.nodes)}"
        listed = ", ".join(f"{{{index}}}" for index in range(len(holders)))
        self.nodes.append(Node(stack, f"StackedRNNCells([{listed}])", holders))
        reads, states, shapes = [stack, name], [], []
        for cell, units in cells:
            n_states = 2 if cell.name == "LSTMCell" else 1
            own = [self.state(name, units) for _ in range(n_states)]
            places = ", ".join(f"{{{len(reads) + index}}}" for index in range(n_states))
            reads += own
            states.append(places if n_states == 1 and self.maybe(0.5) else f"[{places}]")
            shapes.append(units)
        answers = f"answers{len(self.nodes)}"
        self.nodes.append(Node(answers, "{0}({1}, [" + ", ".join(states) + "])", reads))
        self.define("{0}[0]", [answers], (shapes[-1],))
        index = self.random.randrange(len(cells))
        place = "{0}[1]" if len(cells) == 1 else f"{{0}}[1][{index}]"
        self.define(place + ("[-1]" if states[index].startswith("[") else ""), [answers], (shapes[index],))
        if self.maybe(0.3):
            own = [self.state(name, shapes[0]) for _ in range(2 if cells[0][0].name == "LSTMCell" else 1)]
            places = ", ".join(f"{{{index + 2}}}" for index in range(len(own)))
            self.define("{0}({1}, [" + places + "])[0]", [holders[0], name, *own], (shapes[0],))

    def wrapped_twice(self, batch):
        """A layer inside `TimeDistributed` and by itself, over the same features."""
        rows = [name for name, shape in self.shapes.items() if len(shape) == 2 and shape[-1] is not None]
        if not rows:
            return
        name, units = self.random.choice(rows), self.random.choice([1, 2, 3, 8])
        holder = f"shared{len(self.nodes)}"
        self.nodes.append(Node(holder, "{layer}", [], Layer("Dense", [[None, str(units)]])))
        shape = self.shapes[name]
        calls = ["TimeDistributed({0})({1})", "{0}({1})", "TimeDistributed({0})({1})"][self.random.randrange(2) :]
        for call in calls:
            self.define(call, [holder, name], (*shape[:-1], units))

    def masked_heads(self, name, mask, sequences):
        """Multi-head attention whose call gives masks."""
        other = self.random.choice(sequences)
        arguments = [["num_heads", str(self.random.randint(1, 2))], ["key_dim", str(self.random.choice([1, 3, 17]))]]
        if self.maybe(0.3):
            arguments.append(["dropout", "0.1"])
        if self.maybe(0.2):
            arguments.append(["sliding_window", str(self.random.randint(1, 3))])
        keyword = self.random.choice(["value_mask={2}", "key_mask={2}", "query_mask={2}", "value_mask={2}, key_mask={2}"])
        reads = [name, other, mask]
        if self.pairs is not None and self.maybe(0.5):
            reads.append(self.pairs)
            keyword = self.random.choice(["attention_mask={3}", keyword + ", attention_mask={3}"])
        call = self.random.choice(["{0}, {1}", "{0}, {1}, {1}", "value={1}, query={0}", "{0}, {1}, key={1}"])
        options = ", use_causal_mask=True" if self.maybe(0.3) else ""
        self.define("{layer}(" + call + ", " + keyword + options + ")", reads, self.shapes[name], Layer("MultiHeadAttention", arguments))

    def masked_stack(self, name, mask, batch):
        """An `RNN` of cells that begins with states and is told which steps count."""
        layer, shape = self.layers.cells(self.shapes[name], batch, backwards=self.maybe(0.3))
        cells = [part for part in layer.inner() if part.name.endswith("Cell")]
        if layer.name != "RNN" or layer.has("stateful"):
            return
        reads, states = [name, mask], []
        for cell in cells:
            found = [other for other, of_other in self.shapes.items() if of_other == (int(cell.arguments[0][1]),)]
            place = f"{{{len(reads)}}}" if found else f"Dense({cell.arguments[0][1]})(GlobalMaxPooling1D()({{0}}))"
            reads += [self.random.choice(found)] if found else []
            states.append(f"[{place}, {place}]" if cell.name == "LSTMCell" else place)
        is_flat = layer.arguments[0][1] in cells
        begin = states[0] if is_flat and states[0].startswith("[") else "[" + ", ".join(states) + "]"
        self.define("{layer}({0}, initial_state=" + begin + ", mask={1})", reads, shape, layer)

    def layer(self, batch):
        name = self.recent()
        layer, shape = self.layers.layer(self.shapes[name], batch)
        self.layers.decorate(layer)
        self.define("{layer}({0})", [name], shape, layer)

    def shared(self, batch):
        name = self.any()
        layer, shape = self.layers.layer(self.shapes[name], batch)
        if any(keyword == "stateful" for keyword, _ in layer.arguments):
            return
        other = self.like(name, lambda left, right: left == right)
        holder = f"shared{len(self.nodes)}"
        self.nodes.append(Node(holder, "{layer}", [], layer))
        self.define("{0}({1})", [holder, name], shape)
        self.define("{0}({1})", [holder, other], shape)

    def states(self, batch):
        """A recurrent layer that answers its states, or begins with some, or both."""
        sequences = [name for name, shape in self.shapes.items() if len(shape) == 2 and shape[-1] is not None]
        if not sequences:
            return
        name = self.random.choice(sequences)
        layer, shape = self.layers.recurrent(self.shapes[name], batch)
        units, n_states = shape[-1], 2 if layer.name == "LSTM" else 1
        if self.maybe(0.15):
            self.both_directions(name, layer, shape)
            return
        if self.maybe(0.25):
            layer.arguments = [pair for pair in layer.arguments if pair[0] not in ("go_backwards", "stateful")]
            layer, shape, n_states = Layer("Bidirectional", [[None, layer]]), (*shape[:-1], 2 * units), 2 * n_states
        reads, template = [name], "{layer}({0})"
        found = [other for other, of_other in self.shapes.items() if of_other == (units,)]
        if found and self.maybe(0.6):
            reads += [self.random.choice(found) for _ in range(n_states)]
            states = ", ".join(f"{{{index + 1}}}" for index in range(n_states))
            template = self.random.choice([f"{{layer}}({{0}}, initial_state=[{states}])", f"{{layer}}({{0}}, [{states}])"])
        if len(reads) > 1 and self.maybe(0.4):
            self.define(template, reads, shape, layer)
            return
        inner = layer.arguments[0][1] if layer.name == "Bidirectional" else layer
        inner.arguments.append(["return_state", "True"])
        answers = f"answers{len(self.nodes)}"
        self.nodes.append(Node(answers, template, reads, layer))
        self.define("{0}[0]", [answers], shape)
        for index in range(n_states):
            if self.maybe(0.6):
                self.define(f"{{0}}[{index + 1}]", [answers], (units,))

    def stacked(self, batch):
        """An `RNN` of cells that answers its states, and another of the same cells that begins with them."""
        sequences = [name for name, shape in self.shapes.items() if len(shape) == 2 and shape[-1] is not None]
        if not sequences:
            return
        name = self.random.choice(sequences)
        layer, shape = self.layers.cells(self.shapes[name], batch, backwards=False)
        if layer.has("stateful"):
            return
        cells = [part for part in layer.inner() if part.name.endswith("Cell")]
        is_flat = layer.arguments[0][1] in cells
        both_ways = self.maybe(0.3)
        other = copy.deepcopy(layer)
        for part in other.inner():
            part.arguments = [pair for pair in part.arguments if pair[0] != "name"]
        width = shape[-1] * (2 if both_ways else 1)
        wrapped = lambda layer: Layer("Bidirectional", [[None, layer]]) if both_ways else layer  # noqa: E731
        layer.arguments.append(["return_state", "True"])
        answers, n_nodes = f"answers{len(self.nodes)}", len(self.nodes)
        self.nodes.append(Node(answers, "{layer}({0})", [name], wrapped(layer)))
        self.define("{0}[0]", [answers], (*shape[:-1], width))
        for direction in range(2 if both_ways else 1):
            place = 1 + direction * (2 if is_flat and cells[0].name == "LSTMCell" else len(cells))
            for index, cell in enumerate(cells):
                units = int(cell.arguments[0][1])
                is_pair = cell.name == "LSTMCell" and not is_flat
                if self.maybe(0.5):
                    self.define(f"{{0}}[{place + index}]" + (f"[{self.random.randrange(2)}]" if is_pair else ""), [answers], (units,))
        if self.maybe(0.6):
            begin = f"states{n_nodes}"
            self.nodes.append(Node(begin, "{0}[1:]", [answers], None))
            self.define("{layer}({0}, initial_state={1})", [name, begin], (*shape[:-1], width), wrapped(other))

    def both_directions(self, name, layer, shape):
        """A `Bidirectional` whose directions are outputs of their own."""
        layer.arguments = [pair for pair in layer.arguments if pair[0] not in ("go_backwards", "stateful")]
        returns_state = self.maybe(0.4)
        if returns_state:
            layer.arguments.append(["return_state", "True"])
        answers = f"answers{len(self.nodes)}"
        self.nodes.append(Node(answers, "{layer}({0})", [name], Layer("Bidirectional", [[None, layer], ["merge_mode", "None"]])))
        self.define("{0}[0]", [answers], shape)
        self.define("{0}[1]", [answers], shape)
        if returns_state:
            self.define("{0}[2]", [answers], (shape[-1],))
            self.define("{0}[-1]", [answers], (shape[-1],))

    def nested(self, batch):
        """A model that is called like a layer, perhaps twice."""
        name = self.any()
        shape = self.shapes[name]
        layer, result = self.layers.layer(shape, None)
        if any(keyword == "stateful" for part in layer.inner() for keyword, _ in part.arguments):
            return
        holder = f"model{len(self.nodes)}"
        frozen = ", trainable=False" if self.maybe(0.15) else ""
        if self.maybe(0.5):
            named = ', name="inner_' + str(len(self.nodes)) + '"' if self.maybe(0.5) else ""
            begin = self.layers.input_layer(shape, None).text() + ", " if self.maybe(0.5) else ""
            self.nodes.append(Node(holder, f"Sequential([{begin}{{layer}}]{named}{frozen})", [], layer))
        else:
            start = f"start{len(self.nodes)}"
            begin = self.layers.input_layer(shape, None)
            begin.name = "Input"
            self.nodes.append(Node(start, "{layer}", [], begin))
            self.nodes.append(Node(holder, "Model({0}, {layer}({0})" + frozen + ")", [start], layer))
        self.define("{0}({1})", [holder, name], result)
        if self.maybe(0.5):
            self.define("{0}({1})", [holder, self.like(name, lambda left, right: left == right)], result)

    def joined_steps(self, batch):
        """A model that joins tensors, on every timestep."""
        found = [name for name, shape in self.shapes.items() if len(shape) > 1 and None not in shape[1:]]
        if not found:
            return
        name = self.random.choice(found)
        step, start, holder = self.shapes[name][1:], f"start{len(self.nodes)}", f"model{len(self.nodes)}"
        self.nodes.append(Node(start, f"Input({step})", []))
        joins = [f"Add()([{{0}}, Dense({step[-1]})({{0}})])", "{0} * keras.ops.sigmoid({0}) - 1", "Concatenate()([{0}, abs({0})])", f"keras.ops.where({{0}} > 0.123, {{0}}, Dense({step[-1]})({{0}}))"]
        if len(step) == 2 and self.maybe(0.6):
            units = step[-1]
            joins = ["MultiHeadAttention(2, 3)({0}, {0}, use_causal_mask=True)", "Attention(use_scale=True)([{0}, {0}])", "AdditiveAttention()([{0}, {0}[:, ::-1]])"]
            joins += [f"GRU({units}, return_sequences=True)(Masking(0.0)({{0}}))", f"Add()([LSTM({units}, return_sequences=True)({{0}}, mask={{0}}[:, :, 0] > 0.123), Masking()({{0}})])"]
            if self.maybe(0.4):
                states = f"states{len(self.nodes)}"
                cell = self.random.choice(["LSTM", "GRU", "SimpleRNN"])
                self.nodes.append(Node(states, f"{cell}({units}, return_state=True)({{0}})[1:]", [start]))
                joins = [f"{cell}({units}, return_sequences=True)({{0}}, initial_state={states})", f"{{0}} * keras.ops.expand_dims({states}[-1], 1)"]
        template = self.random.choice(joins)
        width = 2 * step[-1] if "Concat" in template else step[-1]
        self.nodes.append(Node(holder, f"Model({{0}}, {template})", [start]))
        self.define("TimeDistributed({0})({1})", [holder, name], (self.shapes[name][0], *step[:-1], width))

    def attention(self, batch):
        sequences = [name for name, shape in self.shapes.items() if len(shape) == 2 and shape[-1] is not None]
        if not sequences:
            return
        query = self.random.choice(sequences)
        width = self.shapes[query][-1]
        keys = [name for name in sequences if self.shapes[name][-1] == width]
        key = self.random.choice(keys)
        values = [name for name in sequences if self.shapes[name][0] == self.shapes[key][0]]
        value = self.random.choice(values) if self.maybe(0.5) else None
        kind = self.random.choice(["Attention", "Attention", "AdditiveAttention"])
        arguments = [["use_scale", self.random.choice(["True", "False"])]] if self.maybe(0.5) else []
        if kind == "Attention" and self.maybe(0.4):
            arguments.append(["score_mode", self.random.choice(['"dot"', '"concat"'])])
        reads = [query, key] if value is None else [query, value, key]
        listed = ", ".join(f"{{{index}}}" for index in range(len(reads)))
        shape = (self.shapes[query][0], self.shapes[reads[1]][-1])
        if self.maybe(0.4):
            self.several_heads(query, reads)
            return
        options = ", use_causal_mask=True" if self.maybe(0.3) else ""
        if self.maybe(0.3):
            answers = f"answers{len(self.nodes)}"
            template = f"{{layer}}([{listed}]{options}, return_attention_scores=True)"
            self.nodes.append(Node(answers, template, reads, Layer(kind, arguments)))
            self.define("{0}[0]", [answers], shape)
            self.define("{0}[1]", [answers], (self.shapes[query][0], self.shapes[reads[-1]][0]))
            return
        self.define(f"{{layer}}([{listed}]{options})", reads, shape, Layer(kind, arguments))

    def several_heads(self, query, reads):
        """Multi-head attention; where Keras declares another shape of the scores than it gives, they are not asked for."""
        key_dim = self.random.choice([1, 2, 3, 17])
        arguments = [["num_heads", str(self.random.randint(1, 3))], ["key_dim", str(key_dim)]]
        shape = self.shapes[query]
        if self.maybe(0.3):
            # Without dropout JAX's kernel wants one width.
            arguments += [["value_dim", str(self.random.choice([1, 4]))], ["dropout", "0.1"]]
        if self.maybe(0.3):
            arguments.append(["output_shape", str(self.random.choice([1, 5]))])
            shape = (shape[0], int(arguments[-1][1]))
        for keyword, values in (("use_bias", ["True", "False"]), ("use_gate", ["True", "False"])):
            if self.maybe(0.25):
                arguments.append([keyword, self.random.choice(values)])
        lengths = (self.shapes[query][0], self.shapes[reads[1]][0])
        if self.maybe(0.2) and lengths[0] == lengths[1]:
            arguments.append(["sliding_window", str(self.random.randint(1, 3))])
        options = ", use_causal_mask=True" if self.maybe(0.3) else ""
        listed = ", ".join(f"{{{index}}}" for index in range(len(reads)))
        layer = Layer("MultiHeadAttention", arguments)
        if self.maybe(0.2) and None not in lengths and lengths[0] == lengths[1]:
            answers = f"answers{len(self.nodes)}"
            self.nodes.append(Node(answers, f"{{layer}}({listed}{options}, return_attention_scores=True)", reads, layer))
            self.define("{0}[0]", [answers], shape)
            self.define("{0}[1]", [answers], (int(arguments[0][1]), *lengths))
            return
        self.define(f"{{layer}}({listed}{options})", reads, shape, layer)

    def merge(self, batch):
        name = self.recent()
        others = [self.like(name, lambda left, right: left == right) for _ in range(self.random.randint(0, 2))]
        kind = self.random.choice(["Add", "Multiply", "Average", "Maximum", "Minimum"])
        if len(others) == 1 and self.maybe(0.4):
            kind = "Subtract"
        names = [name, *others]
        listed = ", ".join(f"{{{index}}}" for index in range(len(names)))
        if self.maybe(0.2):
            self.define(f"{kind.lower()}([{listed}])", names, self.shapes[name])
        else:
            self.define(f"{{layer}}([{listed}])", names, self.shapes[name], Layer(kind))

    def broadcast(self, batch):
        name, other = self.recent(), self.any()
        shape = broadcast(self.shapes[name], self.shapes[other])
        if shape is not None:
            kind = self.random.choice(["Add", "Multiply", "Subtract", "Minimum"])
            self.define("{layer}([{0}, {1}])", [name, other], shape, Layer(kind))

    def concatenate(self, batch):
        name = self.recent()
        shape = self.shapes[name]
        axis = self.random.randrange(len(shape)) if self.maybe(0.3) else len(shape) - 1
        fits = lambda left, right: left[:axis] + left[axis + 1 :] == right[:axis] + right[axis + 1 :]  # noqa: E731
        other = self.like(name, fits)
        sizes = (shape[axis], self.shapes[other][axis])
        size = None if None in sizes else sum(sizes)
        arguments = [] if axis == len(shape) - 1 and self.maybe(0.6) else [["axis", str(axis + 1 if self.maybe(0.5) else axis - len(shape))]]
        self.define("{layer}([{0}, {1}])", [name, other], (*shape[:axis], size, *shape[axis + 1 :]), Layer("Concatenate", arguments))

    def operator(self, batch):
        name = self.recent()
        other = self.like(name, lambda left, right: left == right)
        template = self.random.choice(["{0} + {1}", "{0} - {1}", "{0} * {1}", "2.0 * {0}", "1 - {0}", "{0} / 4", "-{0}", "abs({0})", "{0} ** 2", "({0} * {0} + 0.1) ** 0.5", "(1 + abs({0})) ** -1.3", "0.5 + {0}", "{0} // 0.7", "{0} % 0.7", "2 ** {0}", "abs({0}) ** {1}", "round({0}, 1)"])
        self.define(template, [name, other], self.shapes[name])

    def comparison(self, batch):
        """Truth values by a comparison, made numbers again, or given as a mask. Few values are just 0.123."""
        name = self.recent()
        shape = self.shapes[name]
        other = self.like(name, lambda left, right: left == right)
        if len(shape) == 2 and None not in shape and self.maybe(0.3):
            layer, result = self.layers.recurrent(shape, batch)
            mask = self.random.choice(["{0}[:, :, 0] > 0.123", "keras.ops.any({0} > 0.456, axis=-1)", "keras.ops.all({0} < 0.456, axis=2)"])
            self.define("{layer}({0}, mask=" + mask + ")", [name], result, layer)
            return
        sign = self.random.choice(["<", "<=", ">", ">=", "!="])
        condition = self.random.choice([f"({{0}} {sign} 0.123)", f"(-0.123 {sign} {{0}})", "({0} > 0.123) & ({1} < 0.456)", "~({0} > 0.123)", "({0} > 1.2) | ({1} < 0.456)", "({0} > 0.123) ^ ({1} < 0.456)"])
        template = self.random.choice(["keras.ops.where(C, {0}, {1})", "keras.ops.where(C, {0}, 0.5)", "{1} * (C)", 'keras.ops.cast(C, "float32")', "(C) + (C) + {0}"])
        self.define(template.replace("C", condition), [name, other], shape)

    def values(self, batch):
        """A function of `keras.ops` of single values, or of two."""
        name = self.recent()
        other = self.like(name, lambda left, right: left == right)
        of_one = ["sign", "square", "exp", "sin", "cos", "floor", "ceil", "round", "trunc", "relu", "tanh", "sigmoid", "silu", "softplus", "gelu", "leaky_relu", "elu", "hard_silu", "isfinite"]
        of_two = ["add", "subtract", "multiply", "maximum", "minimum", "greater", "less_equal", "logical_or", "floor_divide", "divide_no_nan"]
        templates = [f"keras.ops.{self.random.choice(of_one)}({{0}})", f"keras.ops.{self.random.choice(of_two)}({{0}}, 0.7)", f"keras.ops.{self.random.choice(of_two[:5])}({{0}}, {{1}})"]
        templates += ["keras.ops.log1p(abs({0}))", "keras.ops.log(abs({0}) + 0.1)", "keras.ops.rsqrt({0} * {0} + 0.1)", "keras.ops.clip({0}, -0.5, 0.75)", "keras.ops.gelu({0}, approximate=False)"]
        template = self.random.choice(templates)
        if "isfinite" in template or "greater" in template or "less" in template or "logical" in template:
            template = f'keras.ops.cast({template}, "float32")'
        self.define(template, [name, other], self.shapes[name])

    def reduction(self, batch):
        name = self.recent()
        shape = self.shapes[name]
        count = 1 if len(shape) < 2 or self.maybe(0.7) else self.random.randint(1, len(shape))
        axes = sorted(self.random.sample(range(len(shape)), count))
        if len(axes) == len(shape):
            axes = axes[1:] or axes
        keeps = self.maybe(0.4)
        function = self.random.choice(["sum", "mean", "max", "min", "prod", "var", "std", "logsumexp"])
        result = tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keeps or axis not in axes)
        if not result:
            keeps, result = True, (1,)
        written = [axis + 1 if self.maybe(0.5) else axis - len(shape) for axis in axes]
        text = str(written[0]) if len(written) == 1 else str(tuple(written))
        self.define(f"keras.ops.{function}({{0}}, axis={text}" + (", keepdims=True)" if keeps else ")"), [name], result)

    def moved(self, batch):
        """The same values at other places."""
        name = self.recent()
        shape = self.shapes[name]
        axis = self.random.randrange(len(shape))
        written = axis + 1 if self.maybe(0.5) else axis - len(shape)
        kind = self.random.randrange(8)
        if kind == 0:
            place = self.random.randint(1, len(shape) + 1)
            self.define(f"keras.ops.expand_dims({{0}}, {place})", [name], (*shape[: place - 1], 1, *shape[place - 1 :]))
        elif kind == 1 and None not in shape:
            size = math.prod(shape)
            parts = self.random.choice([(size,), (1, size), (size, 1)] + [(n, size // n) for n in (2, 3) if size % n == 0])
            self.define(f"keras.ops.reshape({{0}}, {(-1, *parts)})", [name], parts)
        elif kind == 2 and len(shape) > 1:
            order = self.random.sample(range(len(shape)), len(shape))
            self.define(f"keras.ops.transpose({{0}}, {(0, *(place + 1 for place in order))})", [name], tuple(shape[place] for place in order))
        elif kind == 3 and shape[axis] is not None:
            self.define(f"keras.ops.flip({{0}}, axis={written})", [name], shape)
        elif kind == 4 and shape[axis] is not None and shape[axis] < 9:
            function = self.random.choice(["keras.ops.repeat({0}, 2, axis=A)", "keras.ops.tile({0}, T)"])
            times = tuple(2 if place == axis + 1 else 1 for place in range(len(shape) + 1))
            self.define(function.replace("A", str(written)).replace("T", str(times)), [name], (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :]))
        elif kind == 5 and len(shape) < 4:
            place = self.random.randint(1, len(shape) + 1)
            other = self.like(name, lambda left, right: left == right)
            self.define(f"keras.ops.stack([{{0}}, {{1}}], axis={place})", [name, other], (*shape[: place - 1], 2, *shape[place - 1 :]))
        elif kind == 6 and len(shape) > 1 and shape[axis] is not None:
            self.define(f"keras.ops.take({{0}}, {self.random.randrange(-shape[axis], shape[axis])}, axis={written})", [name], (*shape[:axis], *shape[axis + 1 :]))
        elif kind == 7 and len(shape) > 1 and 1 in shape:
            place = shape.index(1)
            self.define(f"keras.ops.squeeze({{0}}, axis={place + 1})", [name], (*shape[:place], *shape[place + 1 :]))

    def along(self, batch):
        """What goes along an axis, or measures it."""
        name = self.recent()
        shape = self.shapes[name]
        axis = self.random.randrange(len(shape))
        written = axis + 1 if self.maybe(0.5) else axis - len(shape)
        size = shape[axis]
        without = (*shape[:axis], *shape[axis + 1 :])
        kind = self.random.randrange(8)
        if kind < 3:
            function = self.random.choice(["cumsum", "cumprod", "sort", "argsort"])
            cast = 1.0 if function == "argsort" else None
            call = f"keras.ops.{function}({{0}}, axis={written})"
            self.define(f"{cast} * {call}" if cast else call, [name], shape)
        elif kind == 3 and size is not None and size > 1:
            times = self.random.randint(1, min(size - 1, 2))
            self.define(f"keras.ops.diff({{0}}, {times}, axis={written})", [name], (*shape[:axis], size - times, *shape[axis + 1 :]))
        elif kind == 4 and shape[-1] is not None:
            count = self.random.randint(1, shape[-1])
            answers = f"answers{len(self.nodes)}"
            self.nodes.append(Node(answers, f"keras.ops.top_k({{0}}, {count})", [name]))
            self.define("{0}[0] + {0}[1]", [answers], (*shape[:-1], count))
        elif kind == 5 and without:
            function = self.random.choice(["median", "amax", "amin", "average", "count_nonzero"])
            template = f"keras.ops.{function}({{0}}, axis={written})"
            self.define(f"0.5 * {template}" if function == "count_nonzero" else template, [name], without)
        elif kind == 6:
            self.define(f"keras.ops.normalize({{0}}, axis={written})", [name], shape)
        elif len(shape) > 1:
            self.define(f"keras.ops.{self.random.choice(['tril', 'triu'])}({{0}}, {self.random.randint(-2, 2)})", [name], shape)

    def selected(self, batch):
        """Entries at other places: padding, rolling, several of them."""
        name = self.recent()
        shape = self.shapes[name]
        axis = self.random.randrange(len(shape))
        size = shape[axis]
        if size is None:
            return
        written = axis + 1 if self.maybe(0.5) else axis - len(shape)
        resized = lambda count: (*shape[:axis], count, *shape[axis + 1 :])  # noqa: E731
        kind = self.random.randrange(4)
        if kind == 0:
            before, behind = self.random.randint(0, 3), self.random.randint(0, 3)
            mode = self.random.choice(["", ", constant_values=0.5", ', mode="edge"', ', mode="wrap"', ', mode="symmetric"'] + ([', mode="reflect"'] if size > 1 else []))
            pairs = tuple((before, behind) if place == axis + 1 else (0, 0) for place in range(len(shape) + 1))
            self.define(f"keras.ops.pad({{0}}, {pairs}{mode})", [name], resized(size + before + behind))
        elif kind == 1:
            self.define(f"keras.ops.roll({{0}}, {self.random.randint(-4, 4)}, axis={written})", [name], shape)
        elif kind == 2:
            places = [self.random.randrange(-size, size) for _ in range(self.random.randint(1, 3))]
            self.define(f"keras.ops.take({{0}}, {places}, axis={written})", [name], resized(len(places)))
        elif len(shape) > 1:
            places = f"keras.ops.argmax({{0}}, axis={written}, keepdims=True)"
            self.define(f"keras.ops.take_along_axis({{0}}, {places}, axis={written})", [name], resized(1))

    def named_products(self, batch):
        """Sums of products by names."""
        name = self.recent()
        shape = self.shapes[name]
        if len(shape) != 2:
            return
        other = self.like(name, lambda left, right: left[-1] == right[-1])
        rows, width = self.shapes[other]
        options = [("bqd,bkd->bqk", [name, other], (shape[0], rows)), ("bqd,bkd->bkq", [name, other], (rows, shape[0])), ("bqd,bkd->bdqk", [name, other], (width, shape[0], rows)), ("bij->bji", [name], (shape[1], shape[0])), ("bij->bi", [name], (shape[0],)), ("...ij,...ij->...j", [name, name], (shape[1],)), ("bij,bkj->bj", [name, other], (width,))]
        text, reads, result = self.random.choice(options)
        listed = ", ".join(f"{{{index}}}" for index in range(len(reads)))
        self.define(f'keras.ops.einsum("{text}", {listed})', reads, result)

    def heads_over_axes(self, batch):
        """Multi-head attention over some of several axes."""
        found = [name for name, shape in self.shapes.items() if len(shape) == 3 and None not in shape]
        if not found:
            return
        name = self.random.choice(found)
        axes = self.random.choice(["(1,)", "2", "(-3,)", "(2, 1)", "None"])
        layer = Layer("MultiHeadAttention", [["num_heads", "2"], ["key_dim", "3"], ["attention_axes", axes]])
        self.define("{layer}({0}, {0})", [name], self.shapes[name], layer)

    def several(self, batch):
        """A tensor as several."""
        name = self.recent()
        shape = self.shapes[name]
        axis = self.random.randrange(len(shape))
        size = shape[axis]
        if size is None or size < 2:
            return
        answers = f"answers{len(self.nodes)}"
        if self.maybe(0.3) and len(shape) > 1:
            self.nodes.append(Node(answers, f"keras.ops.unstack({{0}}, axis={axis + 1})", [name]))
            self.define("{0}[0]", [answers], (*shape[:axis], *shape[axis + 1 :]))
            self.define("{0}[-1]", [answers], (*shape[:axis], *shape[axis + 1 :]))
            return
        parts = self.random.choice([count for count in range(1, size + 1) if size % count == 0])
        cuts, sizes = str(parts), [size // parts] * parts
        if self.maybe(0.4):
            place = self.random.randrange(1, size)
            cuts, sizes = f"[{place}]", [place, size - place]
        self.nodes.append(Node(answers, f"keras.ops.split({{0}}, {cuts}, axis={axis - len(shape)})", [name]))
        for index in {0, len(sizes) - 1}:
            self.define(f"{{0}}[{index}]", [answers], (*shape[:axis], sizes[index], *shape[axis + 1 :]))

    def matrices(self, batch):
        name = self.recent()
        shape = self.shapes[name]
        if len(shape) < 2:
            return
        other = self.like(name, lambda left, right: left[:-2] == right[:-2] and left[-1] == right[-1])
        if self.maybe(0.5):
            self.define("{0} @ keras.ops.swapaxes({1}, -1, -2)", [name, other], (*shape[:-1], self.shapes[other][-2]))
        else:
            self.define("keras.ops.matmul(keras.ops.swapaxes({0}, -2, -1), {0})", [name], (*shape[:-2], shape[-1], shape[-1]))

    def subscript(self, batch):
        name = self.recent()
        shape, keys, result = self.shapes[name], [":"], []
        for size in shape:
            choice = self.random.randrange(5)
            if size is None or size < 2 or choice > 2:
                keys.append(":")
                result.append(size)
            elif choice == 0 and len(result) + 1 < len(shape) + 1:
                keys.append(str(self.random.choice([0, -1, size - 1, -size])))
            elif choice == 1:
                keys.append("1:")
                result.append(size - 1)
            else:
                keys.append("::-2")
                result.append(math.ceil(size / 2))
        if self.maybe(0.1):
            keys.insert(1, "None")
            result.insert(0, 1)
        if result:
            self.define("{0}[" + ", ".join(keys) + "]", [name], tuple(result))

    def dot(self, batch):
        name = self.recent()
        shape = self.shapes[name]
        if len(shape) > 2:
            return
        axis = self.random.randrange(len(shape))
        other = self.like(name, lambda left, right: left[axis] == right[axis])
        rest = [size for index, size in enumerate(shape) if index != axis] + [size for index, size in enumerate(self.shapes[other]) if index != axis]
        arguments = [["axes", str(axis + 1) if self.maybe(0.5) else f"({axis + 1}, {axis - len(shape)})"]]
        if self.maybe(0.4):
            arguments.append(["normalize", "True"])
        self.define("{layer}([{0}, {1}])", [name, other], tuple(rest or [1]), Layer("Dot", arguments))

    def activation(self, batch):
        name = self.recent()
        function = self.random.choice([function for function in TAME if function != "softmax"] + ["linear", "exponential"])
        self.define(f"keras.activations.{function}({{0}})", [name], self.shapes[name])

    def function(self, batch):
        name = self.recent()
        other = self.like(name, lambda left, right: left[:-1] == right[:-1])
        sizes = (self.shapes[name][-1], self.shapes[other][-1])
        if None not in sizes:
            self.define("concatenate([{0}, {1}])", [name, other], (*self.shapes[name][:-1], sum(sizes)))


def broadcast(left, right):
    """The shape of both together, from the right; `None` where they do not fit."""
    length = max(len(left), len(right))
    pairs = zip((1,) * (length - len(left)) + left, (1,) * (length - len(right)) + right)
    shape = []
    for one, other in pairs:
        if one is None or other is None:
            if one != other:
                return None
            shape.append(None)
        elif one == other or 1 in (one, other):
            shape.append(max(one, other))
        else:
            return None
    return tuple(shape)


WRONG_TEMPLATES = (
    "Add()({0})", "Add()([])", "Subtract()([{0}])", "Concatenate(axis=0)([{0}, {0}])", "Concatenate(axis=9)([{0}, {0}])", "Dot(axes=0)([{0}, {0}])",
    "Dot(axes=7)([{0}, {0}])", "Dot(axes='a')([{0}, {0}])", "Dense(3)([{0}, {0}])", "Dense(3)()", "Dense(3)(3)", "Concatenate()({0}, {0})", "{0}[0]", "{0}[:, 99]",
    "{0}[:, :, :, :, :, 0]", "{0} + 'a'", "+{0}", "{0}(1)", "Add()([{0}, 3])", "Add()({0}, {0})", "Maximum(3)([{0}, {0}])", "Add(axis=1)([{0}, {0}])",
    "LSTM(3)({0})", "RepeatVector(3)({0})", "Flatten()({0})", "Add()([{0}, Dense(7)({0})])", "keras.activations.mish({0})", "Dot(axes=1, normalize=2)([{0}, {0}])",
    "RNN([LSTMCell(3), GRUCell(2)])({0}, initial_state=[{0}, {0}])", "RNN(LSTMCell(3))({0}, initial_state=[{0}])", "LSTMCell(3)({0})", "RNN([LSTMCell(3)], return_state=True)({0})[1][0]", "RNN(GRUCell(2))({0})",
    "Dot()([{0}, {0}])", "Attention()([{0}])", "Attention()({0})", "Attention(score_mode='sum')([{0}, {0}])", "AdditiveAttention(score_mode='dot')([{0}, {0}])", "LSTM(3)({0}, initial_state={0})", "GRU(3, return_state=True)({0})", "LSTM(3)({0}, initial_state=[3])", "Dense(3)({0}, initial_state={0})",
    "MultiHeadAttention(2, 3)({0})", "MultiHeadAttention(2, 3)([{0}, {0}])", "MultiHeadAttention(0, 3)({0}, {0})", "MultiHeadAttention(2, 3, value_dim=0)({0}, {0})",
    "MultiHeadAttention(2)({0}, {0})", "MultiHeadAttention(2, 3, output_shape='a')({0}, {0})", "Attention()([{0}, {0}], return_attention_scores=True)", "MultiHeadAttention(2, 3)({0}, query={0})",
    "Dense(3)({0}, use_causal_mask=True)", "MultiHeadAttention(2, 3, sliding_window=0)({0}, {0})",
    "SimpleRNN(3)({0}, {0}, {0})", "Bidirectional(LSTM(3))({0}, initial_state=[{0}, {0}])", "{0}.shape", "Input(shape=(3,))", "keras.activations.relu({0}, {0})", "average({0})", "LSTM(3)({0}, mask={0})", "LSTM(3)({0}, mask=True)", "Dense(3)({0}, mask={0})", "Attention()([{0}, {0}], mask={0})", "Softmax()(Masking()({0}))", "GlobalAveragePooling1D()(Masking()({0}))", "GRU(3)({0}, mask=[None, None])", "concatenate([{0}, {0}], 2, 3)",
    "{0} @ {0}", "{0} @ 2", "{0} // 'a'", "1 < {0} < 2", "{0} if {0} > 0 else 1", "not {0}", "{0} == 1", "-({0} > 1)", "({0} > 1) % 2", "~{0}", "{0} << 1", "keras.ops.sum({0})", "keras.ops.sum({0}, axis=0)",
    "keras.ops.sum({0}, axis=9)", "keras.ops.sum({0}, axes=1)", "keras.ops.reshape({0}, (-1, 5000))", "keras.ops.squeeze({0}, axis=1)", "keras.ops.transpose({0}, (0, 1))", "keras.ops.split({0}, 7, axis=-1)", "keras.ops.stack({0}, axis=1)",
    "keras.ops.stack([{0}], axis=9)", "keras.ops.concatenate([{0}, {0}], axis=7)", "keras.ops.where({0})", "keras.ops.cast({0}, 'junk')", "keras.ops.nothing({0})", "keras.ops.relu()", "keras.ops.relu({0}, 1)", "keras.ops.clip({0}, 'a', 1)", "keras.ops.matmul({0}, {0})",
    "keras.ops.one_hot({0}, 0)", "keras.ops.repeat({0}, 0, axis=1)", "keras.ops.expand_dims({0}, 8)", "keras.ops.take({0}, 99, axis=-1)", "keras.ops.maximum({0}, 'a')", "{0}.reshape((-1, 3))", "{0}.flatten()", "Dense(3)({0} > 0)", "LSTM(3)({0}, mask={0} > 0)",
)


def break_graph(graph, random):
    """The graph with one mistake (which Keras may still take)."""
    broken = copy.deepcopy(graph)
    choice = random.randrange(6)
    names = [node.target for node in [*broken.inputs, *broken.nodes]]
    reading = [node for node in broken.nodes if node.reads]
    if choice == 0 and reading:
        node = random.choice(reading)
        node.reads[random.randrange(len(node.reads))] = random.choice(names)
    elif choice == 1 and len(broken.inputs) > 1:
        dropped = broken.inputs.pop(random.randrange(len(broken.inputs)))
        broken.nodes.insert(0, dropped)
    elif choice == 2:
        broken.outputs = [random.choice(names) for _ in range(random.randint(0, 2))]
    elif choice == 3 and reading:
        node = random.choice(reading)
        node.template, node.layer = random.choice(WRONG_TEMPLATES), None
    elif choice == 4:
        for node in random.sample([*broken.inputs, *broken.nodes], min(2, len(broken.inputs) + len(broken.nodes))):
            if node.layer is not None:
                node.layer.arguments.append(["name", '"same"'])
    else:
        target = random.choice(names)
        broken.nodes.append(Node("wrong", random.choice(WRONG_TEMPLATES), [target]))
        broken.outputs.append("wrong")
    return broken


def smaller_graphs(graph):
    """Every graph that is one step smaller: an output less, an unread node less, a node replaced by what it reads."""
    for index in range(len(graph.outputs)):
        if len(graph.outputs) > 1:
            yield without(graph, lambda copied: copied.outputs.pop(index))
    read = {name for node in graph.nodes for name in node.reads} | set(graph.outputs)
    if graph.extra:
        yield without(graph, lambda copied: copied.extra.clear())
    for index in reversed(range(len(graph.nodes))):
        node = graph.nodes[index]
        if node.target not in read:
            yield without(graph, lambda copied: copied.nodes.pop(index))
        for name in node.reads:
            yield without(graph, lambda copied: bypass(copied, index, name))
        if node.layer is not None:
            for argument in range(len(node.layer.arguments)):
                yield without(graph, lambda copied: copied.nodes[index].layer.arguments.pop(argument))
    for index, node in enumerate(graph.inputs):
        if node.target not in read and len(graph.inputs) > 1:
            yield without(graph, lambda copied: copied.inputs.pop(index))
        for argument in range(1, len(node.layer.arguments)):
            yield without(graph, lambda copied: copied.inputs[index].layer.arguments.pop(argument))
    if graph.style != "list":
        yield without(graph, lambda copied: setattr(copied, "style", "list"))


def bypass(graph, index, name):
    target = graph.nodes.pop(index).target
    for node in graph.nodes:
        node.reads = [name if read == target else read for read in node.reads]
    graph.outputs = [name if output == target else output for output in graph.outputs]


def without(graph, change):
    copied = copy.deepcopy(graph)
    change(copied)
    return copied
