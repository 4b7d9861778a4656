"""The functional models whose numbers are recorded: layers that join, operators on tensors, several inputs and outputs.

`cases()` gives name -> `.rnn` text.
"""

HEADER = "import keras\nfrom keras import Input, Model\nfrom keras.layers import *\n\n"

# Name: lines between the imports and the model, the inputs and the outputs as `Model` is given them; `None` where the
# lines make the model.
GRAPHS = {
    "add_of_three": ("x = Input((5, 4))\ny = Dense(4)(x)", "x", "Add()([x, y, Dense(4)(y)])"),
    "subtract": ("x = Input((5, 4))\ny = Dense(4)(x)", "x", "Subtract()([x, y])"),
    "multiply": ("x = Input((5, 4))\ny = Dense(4, activation='sigmoid')(x)", "x", "Multiply()([x, y])"),
    "average_of_three": ("x = Input((18,))\ny = Dense(18)(x)", "x", "Average()([x, y, Dense(18)(y)])"),
    "maximum": ("x = Input((5, 4))\ny = Dense(4)(x)", "x", "Maximum()([x, y])"),
    "minimum": ("x = Input((5, 4))\ny = Dense(4)(x)", "x", "Minimum()([x, y])"),
    "add_of_one": ("x = Input((5, 4))", "x", "Add()([x])"),
    "add_broadcasts_a_vector": ("x = Input((5, 4))\nc = Input((4,))", "[x, c]", "Add()([x, c])"),
    "multiply_broadcasts_a_size_of_1": ("x = Input((5, 4))\ny = Dense(1, activation='sigmoid')(x)", "x", "Multiply()([y, x])"),
    "maximum_broadcasts_both_ways": ("x = Input((5, 1))\nc = Input((1, 3))", "[x, c]", "Maximum()([x, c])"),
    "add_broadcasts_ranks": ("x = Input((2, 3, 4))\nc = Input((3, 1))\nd = Input((4,))", "[x, c, d]", "Add()([d, x, c])"),
    "concatenate": ("x = Input((5, 4))\ny = LSTM(3, return_sequences=True)(x)", "x", "Concatenate()([x, y, x])"),
    "concatenate_timesteps": ("x = Input((5, 4))\ny = Input((3, 4))", "[x, y]", "Concatenate(axis=1)([x, y])"),
    "concatenate_middle_axis": ("x = Input((2, 3, 4))", "x", "Concatenate(axis=-2)([x, -x])"),
    "concatenate_vectors": ("x = Input((3,))\nc = Input((17,))", "[x, c]", "Concatenate()([x, c])"),
    "dot_of_vectors": ("x = Input((19,))\ny = Dense(19)(x)", "x", "Dot(axes=1)([x, y])"),
    "dot_normalized": ("x = Input((19,))\ny = Dense(19)(x)", "x", "Dot(axes=-1, normalize=True)([x, y])"),
    "dot_of_sequences": ("x = Input((5, 4))\ny = Input((3, 4))", "[x, y]", "Dot(axes=2)([x, y])"),
    "dot_over_timesteps": ("x = Input((5, 4))\ny = Dense(20)(x)", "x", "Dot(axes=(1, 1), normalize=True)([x, y])"),
    "dot_of_a_sequence_and_a_vector": ("x = Input((5, 4))\nc = Input((4,))", "[x, c]", "Dot(axes=(2, 1))([x, c])"),
    "attention_by_hand": (
        "x = Input((6, 4))\ns = GRU(5, return_sequences=True)(x)\n"
        "weights = keras.activations.softmax(Dot(axes=2)([s, s]))\nmixed = Dot(axes=(2, 1))([weights, s])",
        "x",
        "Dense(2)(Concatenate()([mixed, s]))",
    ),
    "operators": ("x = Input((5, 4))\ny = Dense(4)(x)", "x", "2.0 * x + y / 4 - (1 - y) * x"),
    "quotient_of_a_number": ("x = Input((5, 4))\ny = abs(x) + 1", "x", "3 / y"),
    "fractional_powers": ("x = Input((5, 4))", "x", "(x * x + 0.1) ** 0.5 + abs(x) ** 1.3 - (abs(x) + 0.5) ** -1.5"),
    "negative_and_power": ("x = Input((5, 4))", "x", "-x ** 3 + x ** 2"),
    "quotients_and_powers": (
        "x = Input((5, 4))\ny = Dense(4)(x)", "x", "[x // 0.3 + 2.0 % (abs(y) + 0.5), x % (-0.5 - abs(y)), 2 ** x - abs(x) ** y, keras.ops.divide_no_nan(x, keras.ops.where(y > 0.3, y, 0.0))]",
    ),
    "comparisons": (
        "x = Input((5, 4))\ny = Dense(1)(x)",
        "x",
        "[keras.ops.where(x > y, x, 0.5), x * (y >= 0) + (x != 0) / 2, keras.ops.cast((x > 0) & ~(y < 0.2) ^ (0.1 <= x), 'int32') * 1.0, "
        "keras.ops.where((x > 0) | (y > 0), 1.0, y)]",
    ),
    "comparisons_as_masks": (
        "x = Input((5, 4))\ny = LSTM(3, return_sequences=True)(x, mask=x[:, :, 0] > 0)",
        "x",
        "[y, GRU(2)(y, mask=keras.ops.any(x > 0.8, axis=-1))]",
    ),
    "functions_of_values": (
        "from keras import ops\nx = Input((5, 4))\nm = abs(x) + 0.1",
        "x",
        "[ops.floor(3 * x) + ops.ceil(x) / 8 + ops.trunc(5 * x) / 64, ops.log(m) + ops.log1p(m) * ops.log2(m) - ops.log10(m), "
        "ops.sin(3 * x) * ops.cos(x), ops.expm1(x) + ops.exp(-m), ops.gelu(x) + ops.leaky_relu(x, 0.1) - ops.elu(x, 0.5), "
        "round(x, 1) + ops.sign(x) * ops.clip(x, -0.5, 1), ops.sqrt(m) * ops.rsqrt(m + 1) + ops.reciprocal(m) + ops.square(x), "
        "ops.maximum(x, 0.3) - ops.minimum(0.3, x) + ops.ones_like(x) * ops.softmax(x, axis=1)]",
    ),
    "reductions": (
        "from keras import ops\nx = Input((6, 4))\ny = GRU(3, return_sequences=True)(x)",
        "x",
        "[ops.sum(y, axis=1), ops.mean(x, axis=1, keepdims=True), ops.max(x, axis=(1, 2)), ops.min(y, axis=1) * ops.prod(y, axis=1), "
        "ops.sum(x, axis=-1), ops.var(x, axis=-1, keepdims=True) + ops.std(x, axis=2, keepdims=True)]",
    ),
    "reductions_of_whole_sequences": (
        "from keras import ops\nx = Input((6, 19))",
        "x",
        "[ops.logsumexp(x, axis=1), ops.var(x, axis=(1, 2)), (ops.argmax(x, axis=-1) + ops.argmin(x, axis=2)) / 2, "
        "ops.all(x > -1, axis=1) * 0.5 + ops.any(x > 2, axis=1)]",
    ),
    "products_of_matrices": (
        "from keras import ops\nx = Input((5, 6))\n"
        "q, k, v = [ops.transpose(ops.reshape(Dense(6)(x), (-1, 5, 2, 3)), (0, 2, 1, 3)) for _ in range(3)]\n"
        "heads = ops.softmax(q @ ops.swapaxes(k, 2, 3) / 3 ** 0.5) @ v",
        "x",
        "[ops.reshape(ops.transpose(heads, (0, 2, 1, 3)), (-1, 5, 6)), x @ ops.moveaxis(x, 1, 2)]",
    ),
    "products_of_frames": ("x = Input((5, 6))\ny = Reshape((5, 2, 3))(x)", "x", "y @ keras.ops.swapaxes(y, -1, -2) @ y[:, :, :, :1]"),
    "moved_values": (
        "from keras import ops\nx = Input((4, 6))\na, b = ops.split(x, 2, axis=-1)\nc, d, e = ops.split(x, [1, 3], axis=2)\nf = ops.unstack(x, axis=2)",
        "x",
        "[a * ops.flip(b, axis=-1), ops.concatenate([e, c, d], axis=-1), ops.stack([f[5], f[0]], axis=2), ops.repeat(c, 3, axis=2) + ops.tile(c, (1, 1, 3)), "
        "ops.squeeze(ops.expand_dims(c, -1)), x.reshape((-1, 4, 3, 2))]",
    ),
    "moved_timesteps": (
        "from keras import ops\nx = Input((4, 6))\na, b = ops.split(x, 2, axis=1)\nc = ops.unstack(x, axis=1)",
        "x",
        "[a * b, ops.stack([c[3], c[0]], axis=1), ops.flip(x, axis=1), ops.repeat(ops.expand_dims(c[1], 1), 3, axis=1), ops.tile(x, (1, 2, 1)), ops.take(x, -2, axis=1)]",
    ),
    "whole_numbers": (
        "from keras import ops\ni = Input((4,), dtype='int32')\nk = i % 3",
        "i",
        "[Dense(2)(ops.one_hot(k, 3)), Embedding(5, 2)(k + 1), Dense(2)(i // 2 * k / 4)]",
    ),
    "operators_broadcast": ("x = Input((5, 4))\ny = Dense(1)(x)", "x", "x * y - x[:, :1]"),
    "last_step": ("x = Input((5, 4))\ny = LSTM(3, return_sequences=True)(x)", "x", "y[:, -1]"),
    "slices": ("x = Input((6, 5))", "x", "x[:, 1:5:2, ::-1]"),
    "new_axis": ("x = Input((6, 5))", "x", "x[:, None, 2, 1:]"),
    "features_of_frames": ("x = Input((6, 5))", "x", "Concatenate()([x[:, :, 3:], x[:, :, ::2]])"),
    "activation_functions": (
        "x = Input((5, 4))\ny = keras.activations.relu(Dense(4)(x))",
        "x",
        "keras.activations.tanh(x) * keras.activations.sigmoid(y)",
    ),
    "activation_behind_a_shared_tensor": ("x = Input((5, 4))\ny = Dense(4)(x)", "x", "Add()([keras.activations.gelu(y), y])"),
    "shared_layers": (
        "x = Input((5, 4))\ny = Input((5, 4))\nshared = LSTM(3)\nhead = Dense(2)",
        "[x, y]",
        "Concatenate()([head(shared(x)), head(shared(y))])",
    ),
    "shared_in_a_row": ("x = Input((4,))\nshared = Dense(4, activation='tanh')", "x", "shared(shared(shared(x)))"),
    "residual_recurrences": (
        "x = Input((9, 8))\ny = Add()([x, LSTM(8, return_sequences=True)(x)])\ny = Add()([y, GRU(8, return_sequences=True)(y)])",
        "x",
        "Dense(3)(y)",
    ),
    "two_ends_of_one_stream": (
        "x = Input((7, 4))\na = LSTM(5)(x)\nb = GRU(3)(Dense(6)(x))",
        "x",
        "Dense(2)(Concatenate()([a, b]))",
    ),
    "both_directions_by_hand": (
        "x = Input((7, 4))\na = LSTM(5, return_sequences=True)(x)\nb = LSTM(5, return_sequences=True, go_backwards=True)(x)",
        "x",
        "Average()([a, b[:, ::-1]])",
    ),
    "several_outputs": (
        "x = Input((7, 4))\ny = GRU(17, return_sequences=True)(x)",
        "x",
        "[Dense(2, name='gain')(y), y, Dense(1, name='voice', activation='sigmoid')(y)]",
    ),
    "several_outputs_with_free_timesteps": (
        "x = Input((None, 4))\ny = GRU(17, return_sequences=True)(x)",
        "x",
        "[Dense(2, name='gain')(y), Dense(1, name='voice', activation='sigmoid')(y)]",
    ),
    "several_inputs_with_free_timesteps": (
        "x = Input((None, 4), name='x')\nz = Input((None, 2), name='z')",
        "[x, z]",
        "LSTM(3, return_sequences=True)(Concatenate()([x, z]))",
    ),
    "several_ends_with_free_timesteps": (
        "x = Input((None, 4))\ny = LSTM(5, return_sequences=True)(x)",
        "x",
        "[LSTM(3, name='a')(y), Dense(2, name='b')(GRU(4)(y))]",
    ),
    "outputs_of_frames_and_at_the_end": (
        "x = Input((7, 4))\ny = LSTM(5, return_sequences=True)(x)",
        "x",
        "[Dense(2, name='each')(y), LSTM(3, name='last')(y)]",
    ),
    "an_input_is_an_output": ("x = Input((4,), name='x')\nz = Input((2,), name='z')", "[x, z]", "[x, Dense(3)(z), x]"),
    "dictionaries": (
        "x = Input((5, 4))\nz = Input((5, 2))\ny = Concatenate()([x, z])",
        "{'right': z, 'left': x}",
        "{'wide': Dense(3)(y), 'narrow': Dense(1)(y)}",
    ),
    "ids_and_values": (
        "words = Input((5,), dtype='int32', name='words')\ny = Embedding(20, 4)(words)",
        "words",
        "Concatenate()([y, LSTM(3, return_sequences=True)(y)])",
    ),
    "time_distributed_in_a_graph": (
        "x = Input((3, 4, 2))\ny = TimeDistributed(LSTM(5))(x)",
        "x",
        "Add()([y, TimeDistributed(Dense(5))(y)])",
    ),
    "identities_in_a_graph": (
        "x = Input((5, 4))\ny = Dropout(0.5)(x)\nz = Activation('linear')(Dropout(0.2)(Dense(4)(y)))",
        "x",
        "[Identity()(Add()([y, z])), z]",
    ),
    "deep_joins": (
        "x = Input((5, 3))\ny = x\nfor i in range(6):\n    y = Concatenate()([y, Dense(2, activation='tanh')(y)])",
        "x",
        "Dense(2)(y)",
    ),
    "rnn_of_a_cell": ("x = Input((5, 4))\ny = RNN(LSTMCell(3, name='step'), return_sequences=True)(x)", "x", "RNN([GRUCell(2)], unroll=True)(y)"),
    "rnn_of_cells": (
        "x = Input((6, 4))\ncells = [LSTMCell(3), GRUCell(17, reset_after=False), SimpleRNNCell(2, use_bias=False, trainable=False)]",
        "x",
        "RNN(cells, return_sequences=True)(x)",
    ),
    "rnn_backwards": ("x = Input((6, 4))", "x", "RNN([GRUCell(3), LSTMCell(2)], go_backwards=True, return_sequences=True)(x)"),
    "rnn_states": (
        "x = Input((7, 4))\ny, *states = RNN([LSTMCell(3), GRUCell(2)], return_sequences=True, return_state=True)(x)\n"
        "z = RNN(StackedRNNCells([LSTMCell(3), GRUCell(2)]))(y, initial_state=states)\n(h, c), g = states",
        "x",
        "[z, h, c, g]",
    ),
    "rnn_in_both_directions": (
        "x = Input((6, 4))\ny = Bidirectional(RNN([LSTMCell(3), GRUCell(2)], return_sequences=True), merge_mode='ave')(x)",
        "x",
        "Bidirectional(RNN(SimpleRNNCell(3)))(y)",
    ),
    "rnn_states_of_both_directions": (
        "x = Input((3, 4))\ny, *states = Bidirectional(RNN([LSTMCell(3), GRUCell(2)], return_state=True))(x)\n"
        "z = Bidirectional(RNN([LSTMCell(3), GRUCell(2)], return_sequences=True))(x, initial_state=states)",
        "x",
        "[y, z, states[2][1]]",
    ),
    "time_distributed_rnn": (
        "x = Input((3, 5, 4))\ny = TimeDistributed(RNN([GRUCell(3), LSTMCell(2)], return_sequences=True))(x)",
        "x",
        "TimeDistributed(Bidirectional(RNN([GRUCell(3), LSTMCell(2)])))(y)",
    ),
    "time_distributed_model": (
        "x = Input((5, 4))\nshared = Dense(4, activation='tanh')\ninner = keras.Sequential([Input((5, 4)), shared, shared, LSTM(3)], name='inner')\n"
        "y = Input((2, 5, 4))",
        "y",
        "TimeDistributed(Model(x, Dense(2)(inner(x * 2))))(y)",
    ),
    "cells_called": (
        "x = Input((3,))\nh = Input((4,))\nc = Input((4,))\ncell = LSTMCell(4)\ny, states = cell(x, [h, c])\nz, (h1, c1) = cell(y[:, :3], states)\n"
        "a, b = GRUCell(4, reset_after=False)(z, states=h1)\nd, [e] = SimpleRNNCell(2, use_bias=False)(a, [b[:, 1:3]])",
        "[x, h, c]",
        "[z, h1, c1, a, d, e]",
    ),
    "cells_called_in_turn": (
        "x = Input((3, 5))\ny, *states = LSTM(20, return_state=True)(x)\nstep = LSTMCell(20)\nwide = GRUCell(34)\ng = Dense(34)(y)\nanswers = []\n"
        "for t in range(3):\n    z, states = step(x[:, t], states)\n    answers.append(z)\n    g, _ = wide(z, g)",
        "x",
        "[Concatenate()(answers), g]",
    ),
    "cells_shared": (
        "cell = LSTMCell(4)\nother = GRUCell(4)\nx = Input((5, 3))\ny, h, c = RNN(cell, return_state=True)(x)\nz, states = cell(x[:, 0], [h, c])\n"
        "same = RNN([other, other], return_sequences=True)\nw = same(RepeatVector(3)(z))",
        "x",
        "[y, z, RNN(other, go_backwards=True)(w), states[1]]",
    ),
    "cells_shared_by_models": (
        "cell = GRUCell(4, name='step')\nx = Input((5, 3))\ntraining = Model(x, RNN(cell, return_sequences=True)(x))\nf = Input((3,))\nh = Input((4,))",
        "[f, h]",
        "list(cell(f, h))",
    ),
    "stack_called": (
        "x = Input((3,))\nh = Input((4,))\nc = Input((4,))\ninner = GRUCell(2)\n"
        "stack = StackedRNNCells([LSTMCell(4), StackedRNNCells([inner, SimpleRNNCell(3)])])\n"
        "g = Dense(2)(x)\ny, [[h1, c1], [g1, s1]] = stack(x, [[h, c], [g, Dense(3)(x)]])\nz, g2 = inner(h1, g1)",
        "[x, h, c]",
        "[y, h1, c1, g1, s1, z]",
    ),
    "cell_in_a_model_at_each_step": (
        "i = Input((4,))\nstep = Model(i, LSTMCell(3)(i, [Dense(3)(i), Dense(3)(i)])[0])\nx = Input((5, 4))",
        "x",
        "TimeDistributed(step)(x)",
    ),
    "layers_shared_with_wrappers": (
        "d = Dense(4)\nx = Input((5, 4))\ny = TimeDistributed(d)(x)\ninner = keras.Sequential([Input((5, 4)), d, TimeDistributed(d)])\n"
        "back = GRU(2, go_backwards=True)\nz = Bidirectional(LSTM(2), backward_layer=LSTM(2, go_backwards=True))(y)",
        "x",
        "[d(y), inner(y), z, back(x), Bidirectional(GRU(2), backward_layer=back)(x)]",
    ),
    "activations_that_are_layers": (
        "x = Input((6, 4))\ny = LSTM(3, activation=ReLU(max_value=1.0), recurrent_activation=ELU(0.5), return_sequences=True)(x)\n"
        "z = Conv1D(4, 2, activation=LeakyReLU(0.1))(y)\nw = Dense(4, activation=Softmax())(z)",
        "x",
        "[z, w, GRU(20, activation=Activation('softsign'), recurrent_activation=ReLU(1.0, 0.1, 0.2))(w)]",
    ),
    "masks_by_place": (
        "x = Input((4, 3))\nkeep = Input((4,), dtype='bool')\nh = Input((3,))",
        "[x, keep, h]",
        "[GRU(3)(x, h, keep), LSTM(3)(x, None, keep)]",
    ),
    "rnn_shared": (
        "x = Input((4, 4))\nshared = RNN([GRUCell(3), LSTMCell(4)], return_sequences=True)",
        "x",
        "shared(shared(x))",
    ),
    "behind_layers": (
        "x = Input((5, 4))\nh, s, c = LSTM(3, return_sequences=True, return_state=True)(x)\ny = GRU(3)(h + 1, initial_state=s)\n"
        "whole = Model(x, Dense(2, name='head')(y))",
        "[s, h]",
        "whole.get_layer('head').output",
    ),
    "layers_in_comprehensions": (
        "x = Input((5, 4))\nfirst, *others = [Dense(n, name=f'head_{n:02d}')(x) for n in range(1, 4) if n != 2]",
        "x",
        "Concatenate()([first, *others, x])",
    ),
    "states_of_an_lstm": ("x = Input((7, 4))", "x", "LSTM(20, return_sequences=True, return_state=True)(x)"),
    "states_of_a_gru": ("x = Input((7, 4))\ny, h = GRU(5, return_state=True, go_backwards=True)(x)", "x", "[y, Dense(2)(h)]"),
    "states_with_free_timesteps": (
        "x = Input((None, 4))\ny, h, c = LSTM(70, return_sequences=True, return_state=True)(x)",
        "x",
        "[h, Dense(3)(c)]",
    ),
    "states_to_begin_with": (
        "x = Input((7, 4))\nh = Input((20,))\nc = Input((20,))",
        "[x, h, c]",
        "LSTM(20, return_sequences=True, return_state=True)(x, initial_state=[h, c])",
    ),
    "states_to_begin_a_gru_with": (
        "x = Input((7, 4))\nh = Input((70,))",
        "[x, h]",
        "GRU(70, reset_after=False)(x, h)",
    ),
    "states_to_begin_a_simple_rnn_with": (
        "x = Input((2, 4))\nh = Input((3,))",
        "[x, h]",
        "SimpleRNN(3, return_sequences=True, unroll=True)(x, initial_state=[Dense(3)(h)])",
    ),
    "states_of_both_directions": (
        "x = Input((6, 4))\nb = Bidirectional(LSTM(5, return_sequences=True, return_state=True), merge_mode='sum')\n"
        "y, fh, fc, bh, bc = b(x)\nz = Bidirectional(LSTM(5, return_state=True))(y, initial_state=[bh, bc, fh, fc])",
        "x",
        "[y, fc, bh, z[0], z[4]]",
    ),
    "encoder_and_decoder": (
        "source = Input((9, 8))\n_, h, c = LSTM(17, return_state=True)(source)\n"
        "target = Input((7, 6))\ndecoded = LSTM(17, return_sequences=True)(target, initial_state=[h, c])",
        "[source, target]",
        "Dense(6, activation='softmax')(decoded)",
    ),
    "decoder_step": (
        "x = Input((1, 6))\nh = Input((17,))\nc = Input((17,))\n"
        "y, h1, c1 = LSTM(17, return_state=True)(x, initial_state=[h, c])",
        "[x, h, c]",
        "[Dense(6)(y), h1, c1]",
    ),
    "attention": ("q = Input((5, 19))\nv = Input((7, 19))", "[q, v]", "Attention()([q, v])"),
    "attention_with_keys_and_a_scale": (
        "q = Input((5, 4))\nv = Input((7, 3))\nk = Input((7, 4))",
        "[q, v, k]",
        "Attention(use_scale=True)([q, v, k])",
    ),
    "attention_by_sums": ("q = Input((5, 19))\nv = Input((7, 19))", "[q, v]", "Attention(score_mode='concat')([q, v])"),
    "attention_by_scaled_sums": (
        "q = Input((5, 4))\nv = Input((7, 3))\nk = Dense(4)(v)",
        "[q, v]",
        "Attention(use_scale=True, score_mode='concat', dropout=0.2)([q, v, k])",
    ),
    "additive_attention": ("q = Input((5, 19))\nv = Input((7, 19))", "[q, v]", "AdditiveAttention()([q, v])"),
    "additive_attention_without_scale": ("x = Input((5, 4))", "x", "AdditiveAttention(use_scale=False)([x, x])"),
    "encoder_and_decoder_with_attention": (
        "source = Input((9, 8))\nseen, h = GRU(17, return_sequences=True, return_state=True)(source)\n"
        "target = Input((7, 6))\ndecoded = GRU(17, return_sequences=True)(target, initial_state=h)",
        "[source, target]",
        "Dense(6, activation='softmax')(Concatenate()([decoded, Attention()([decoded, seen])]))",
    ),
    "models_in_a_model": (
        "i = Input((5, 4))\nencoder = Model(i, Dense(3)(LSTM(6)(i)), name='encoder')\n"
        "tail = keras.Sequential([Input((3,)), Dense(2)], name='tail')\nx = Input((5, 4))",
        "x",
        "[tail(encoder(x)), encoder(-x)]",
    ),
    "models_of_several_ends_in_a_model": (
        "i = Input((5, 4))\nj = Input((5, 4))\ny, h = GRU(4, return_sequences=True, return_state=True)(Add()([i, j]))\n"
        "pair = Model([i, j], [y, h])\nx = Input((5, 4))\na, b = pair([x, 2 * x])",
        "x",
        "[a, Dense(3)(b), x + a]",
    ),
    "models_in_sequentials": (
        "i = Input((5, 3))\nfront = keras.Sequential([Dense(7), Dropout(0.1), Dense(3)], name='front')\n"
        "model = keras.Sequential([Input((5, 4)), LSTM(3, return_sequences=True), front, Model(i, GRU(3, return_sequences=True)(i)), front])",
        None,
        None,
    ),
    "masked_merges": (
        "x = Input((7, 4))\ny = Input((7, 4))\na = Masking()(x)\nb = Masking()(y)\n"
        "m = Multiply()([a, b])\nn = Maximum()([a, x, b])\no = Minimum()([a, b])\np = Add()([a, Dense(4)(b)])",
        "[x, y]",
        "[m, n, o, GRU(2)(m), SimpleRNN(2)(o), GRU(2)(p), LSTM(2)(Concatenate()([a, b]))]",
    ),
    "masked_timesteps_side_by_side": (
        "x = Input((5, 3))\ny = Input((4, 3))\na = Masking()(x)",
        "[x, y]",
        "GRU(3, return_sequences=True)(Concatenate(axis=1)([a, y]))",
    ),
    "masked_attention": (
        "x = Input((5, 4))\nv = Input((7, 4))\na = Masking()(x)\nb = Masking()(v)",
        "[x, v]",
        "[Attention(use_scale=True)([a, b]), AdditiveAttention()([b, a, a])]",
    ),
    "masks_given": (
        "x = Input((6, 4))\nkeep = Input((6,), dtype='bool')\nh = Input((3,))\nz = BatchNormalization()(x, mask=keep)",
        "[x, keep, h]",
        "[GRU(3, return_sequences=True)(x, initial_state=h, mask=keep), SimpleRNN(3, return_sequences=True, unroll=True)(x, initial_state=h, mask=keep), "
        "SimpleRNN(3, unroll=True)(x, initial_state=h, mask=keep), LSTM(2)(z), Attention()([x, z], mask=[keep, None])]",
    ),
    "masks_in_a_stream": (
        "x = Input((None, 4))\nkeep = Input((None,), dtype='bool')",
        "[x, keep]",
        "Dense(2)(LSTM(3, return_sequences=True, zero_output_for_mask=True)(x, mask=keep))",
    ),
    "softmax_of_masked_values": ("x = Input((6,))\nkeep = Input((6,), dtype='bool')", "[x, keep]", "Softmax()(x, mask=keep)"),
    "masks_through_models": (
        "front = keras.Sequential([Input((6, 3)), Masking(), Dense(4)])\nback = keras.Sequential([Input((6, 4)), GRU(3, return_sequences=True)])\n"
        "x = Input((6, 3))\ny = Masking(2.0)(x)",
        "x",
        "[LSTM(2)(back(front(x))), back(Dense(4)(y))]",
    ),
    "time_distributed_models_that_join": (
        "a = Input((3, 4))\nparts = keras.ops.split(Dense(8)(a), 2, axis=-1)\nsteps = Model(a, Add()([LSTM(4)(a), parts[0][:, -1] * keras.ops.sigmoid(parts[1][:, 0])]))\n"
        "b = Input((3, 4))\nmixed = Model(b, b + Dot(axes=2)([b, Dense(4)(b)]) @ b)\nx = Input((5, 3, 4))",
        "x",
        "[TimeDistributed(steps)(x), TimeDistributed(mixed)(x)]",
    ),
    "time_distributed_models_that_attend": (
        "a = Input((4, 6))\nb, s = MultiHeadAttention(2, 3)(a, a, use_causal_mask=True, return_attention_scores=True)\n"
        "c = Attention(use_scale=True)([a, b, a])\nd = AdditiveAttention()([c, a[:, 1:]], use_causal_mask=True)\n"
        "steps = Model(a, Concatenate()([b, d, keras.ops.mean(s, axis=1)]))\nx = Input((3, 4, 6))",
        "x",
        "TimeDistributed(steps)(x)",
    ),
    "time_distributed_models_with_states": (
        "a = Input((4, 3))\ny, h, c = LSTM(5, return_state=True, return_sequences=True)(a)\nz = LSTM(5)(a, initial_state=[c, h])\n"
        "_, s = GRU(5, return_state=True)(y, initial_state=h)\n"
        "both = Bidirectional(GRU(2, return_state=True), merge_mode=None)(y)\n"
        "cells = RNN([GRUCell(3), LSTMCell(2)], return_state=True)(a)\n"
        "steps = Model(a, Concatenate()([z, s, *both, cells[0], cells[1], cells[2][1]]))\nx = Input((None, 4, 3))",
        "x",
        "TimeDistributed(steps)(x)",
    ),
    "time_distributed_models_that_mask": (
        "a = Input((4, 3))\nm = Masking()(a)\ny = LSTM(3, return_sequences=True)(m)\nz = Add()([y, m])\nsteps = Model(a, "
        "Concatenate()([GRU(2)(z), Attention()([y, m])[:, 0], LSTM(2)(a, mask=a[:, :, 1] > 0)]))\n"
        "heads = Model(a, MultiHeadAttention(2, 3, dropout=0.1)(m, m))\nx = Input((2, 4, 3))",
        "x",
        "[TimeDistributed(steps)(x), TimeDistributed(heads)(x)]",
    ),
    "functions_along_axes": (
        "from keras import ops\nx = Input((5, 4))\nlarge, places = ops.top_k(x, 3)",
        "x",
        "[ops.cumsum(x, axis=1) * ops.cumprod(x, axis=-1), ops.sort(x, axis=1) + ops.sort(-x) + 1.0 * ops.argsort(x, axis=1) - ops.argsort(x), "
        "ops.diff(x, axis=1), ops.diff(x, 3), large + places, ops.tril(x, -1) - ops.triu(x)]",
    ),
    "running_sums_of_any_length": (
        "from keras import ops\nx = Input((None, 3))", "x", "ops.cumsum(ops.sort(x), axis=1) + ops.cumprod(ops.tanh(x), axis=-2)",
    ),
    "functions_that_select": (
        "from keras import ops\nx = Input((3, 4))\nlast = ops.argmax(x, axis=1, keepdims=True)",
        "x",
        "[ops.pad(x, ((0, 0), (1, 2), (0, 3)), constant_values=2), ops.pad(x, ((0, 0), (4, 3), (1, 1)), mode='reflect'), "
        "ops.pad(x, ((0, 0), (4, 0), (0, 1)), mode='symmetric') - ops.pad(x, ((0, 0), (1, 3), (0, 1)), mode='edge'), ops.pad(x, ((0, 0), (0, 0), (5, 2)), 'wrap'), "
        "ops.roll(x, 2, axis=1) * ops.roll(x, (-1, 5), axis=(1, 2)), ops.take(x, [2, -1, 0, 0], axis=1), ops.take_along_axis(x, last, axis=1)]",
    ),
    "einsum": (
        "from keras import ops\nx = Input((5, 4))\ny = Input((3, 4))\nz = Input((5, 2, 4))",
        "[x, y, z]",
        "[ops.einsum('bqd,bkd->bqk', x, y), ops.einsum('bid,bkd->bdki', x, y), ops.einsum('...tf,...tnf->...tn', x, z), ops.einsum('btnf->bfn', z), "
        "ops.einsum('bji', x), ops.einsum('btf,btnf->bnf', x, z), ops.einsum('bij,bkl->bi', x, y)]",
    ),
    "functions_that_measure": (
        "from keras import ops\nx = Input((5, 4))\ny = ops.where(x > 0.3, x, 0.0)",
        "x",
        "[ops.normalize(x, axis=1) + ops.normalize(y), ops.norm(x, axis=(1, 2)) + ops.norm(x, 'fro', (2, 1), keepdims=True)[:, 0, 0], ops.amax(x, axis=(1, 2)), "
        "ops.amin(x, axis=1) + 1.0 * ops.count_nonzero(y, axis=1), ops.median(x, axis=1) - ops.average(x, axis=1), "
        "ops.median(x, axis=-1), ops.exp2(x) + ops.tan(x / 3) * ops.sinh(x) - ops.cosh(x)]",
    ),
    "attention_causal": (
        "q = Input((5, 19))\nv = Input((7, 3))\nk = Input((7, 19))", "[q, v, k]", "Attention(use_scale=True)([q, v, k], use_causal_mask=True)",
    ),
    "attention_scores": (
        "q = Input((5, 4))\nv = Input((7, 4))\ny, s = AdditiveAttention()([q, v], return_attention_scores=True, use_causal_mask=True)\n"
        "z, t = Attention()([y, v], return_attention_scores=True)",
        "[q, v]",
        "[y, s, z, t]",
    ),
    "multi_head_attention": ("x = Input((5, 4))", "x", "MultiHeadAttention(2, 3)(x, x)"),
    "multi_head_attention_of_three": (
        "q = Input((3, 6))\nv = Input((5, 4))\nk = Input((5, 7))", "[q, v, k]", "MultiHeadAttention(3, key_dim=17, output_shape=5)(q, v, key=k)",
    ),
    "multi_head_attention_value_dim": (
        "x = Input((5, 4))", "x", "MultiHeadAttention(2, 3, value_dim=18, dropout=0.1, use_bias=False, output_shape=(2, 3))(x, x)",
    ),
    "multi_head_attention_scores": (
        "x = Input((5, 4))\ny, s = MultiHeadAttention(3, 2)(x, x, use_causal_mask=True, return_attention_scores=True)", "x", "[y, s]",
    ),
    "multi_head_attention_gate_and_window": (
        "x = Input((6, 4))\nblock = MultiHeadAttention(2, 3, sliding_window=2, use_gate=True)", "x", "[block(x, x), block(x, x, use_causal_mask=True)]",
    ),
    "multi_head_attention_axes": (
        "x = Input((2, 3, 4))", "x", "[MultiHeadAttention(2, 3)(x, x), MultiHeadAttention(2, 3, attention_axes=(2,))(x, x)]",
    ),
    "multi_head_attention_other_axes": (
        "q = Input((3, 2, 7))\nv = Input((5, 2, 4))\npairs = Input((2, 3, 5), dtype='bool')\n"
        "y = MultiHeadAttention(2, 3, attention_axes=(1,), use_gate=True, output_shape=(2, 3))(q, v)",
        "[q, v, pairs]",
        "[y, MultiHeadAttention(1, 5, attention_axes=-3)(q, v, attention_mask=pairs)]",
    ),
    "multi_head_attention_masked": (
        "x = Input((5, 4))\nv = Input((3, 4))\na = Masking()(x)\nb = Masking()(v)\ny = MultiHeadAttention(2, 3)(a, b)",
        "[x, v]",
        "[y, GRU(2)(y), MultiHeadAttention(1, 17, sliding_window=2, dropout=0.1, use_gate=True)(b, a)]",
    ),
    "multi_head_attention_masks_given": (
        "x = Input((5, 4))\nv = Input((3, 4))\ncounts = Input((3,), dtype='bool')\npairs = Input((5, 3), dtype='bool')\n"
        "each = Input((2, 1, 3), dtype='bool')\ny = MultiHeadAttention(2, 3)(x, v, key=v, key_mask=counts, attention_mask=pairs, "
        "use_causal_mask=True)\nz = MultiHeadAttention(2, 3, dropout=0.1)(x, v, key_mask=counts, attention_mask=pairs)",
        "[x, v, counts, pairs, each]",
        "[y, z, MultiHeadAttention(2, 3)(x, v, attention_mask=each)]",
    ),
    "multi_head_attention_masks_given_and_scores": (
        "x = Input((3, 4))\nv = Input((3, 4))\ncounts = Input((3,), dtype='bool')\npairs = Input((3, 3), dtype='bool')\n"
        "each = Input((2, 1, 3), dtype='bool')\ny, s = MultiHeadAttention(2, 3)(x, v, key=v, key_mask=counts, attention_mask=pairs, "
        "use_causal_mask=True, return_attention_scores=True)",
        "[x, v, counts, pairs, each]",
        "[y, s, MultiHeadAttention(2, 3)(x, v, attention_mask=each)]",
    ),
    "multi_head_attention_masked_of_any_length": (
        "x = Input((None, 4))\na = Masking()(x)\ny = MultiHeadAttention(2, 3)(a, a)\nb = Masking()(x)\n"
        "z = MultiHeadAttention(1, 17, sliding_window=2, dropout=0.1, use_gate=True)(b, b, use_causal_mask=True)",
        "x",
        "[y, z, MultiHeadAttention(2, 3, sliding_window=2)(x, x)]",
    ),
    "multi_head_attention_masks_given_of_any_length": (
        "x = Input((None, 4))\nv = Input((3, 4))\ncounts = Input((3,), dtype='bool')\npairs = Input((None, 3), dtype='bool')\n"
        "each = Input((2, 1, 3), dtype='bool')\ny = MultiHeadAttention(2, 3)(x, v, key_mask=counts, attention_mask=pairs)",
        "[x, v, counts, pairs, each]",
        "[y, MultiHeadAttention(2, 3, dropout=0.1)(x, v, attention_mask=each), MultiHeadAttention(1, 5)(x, v, attention_mask=pairs[:, :, :1])]",
    ),
    "multi_head_attention_masked_axes": (
        "x = Input((2, 3, 4))\na = Masking()(x)", "x", "MultiHeadAttention(2, 3, attention_axes=(2,))(a, a)",
    ),
    "attention_causal_and_masked": (
        "x = Input((5, 4))\nf = Input((1, 4))\nv = Input((3, 4))\na = Masking()(x)\n# The first step counts: every query sees a value.\n"
        "b = Concatenate(axis=1)([f, Masking()(v)])\n"
        "y, s = Attention(use_scale=True)([a, b], use_causal_mask=True, return_attention_scores=True)",
        "[x, f, v]",
        "[y, s, AdditiveAttention()([x, b], use_causal_mask=True)]",
    ),
    "transformer": (
        "x = Input((6, 8))\nnormal = LayerNormalization()(x)\ny = x + MultiHeadAttention(2, 4, name='heads')(normal, normal, use_causal_mask=True)\n"
        "wide = Dense(16, activation='gelu')(LayerNormalization()(y))",
        "x",
        "y + Dense(8)(wide)",
    ),
    "states_of_a_conv_lstm1d": (
        "x = Input((3, 4, 2))\nh = Input((4, 3))\ny, a, b = ConvLSTM1D(3, 3, padding='same', return_state=True)(x, initial_state=[h, -h])", "[x, h]", "[y + a, b]",
    ),
    "states_of_a_conv_lstm1d_with_channels_first": (
        "x = Input((3, 2, 4))\nh = Input((3, 4))\ny, a, b = ConvLSTM1D(3, 3, data_format='channels_first', padding='same', return_state=True)(x, initial_state=[h, -h])\n"
        "z, *states = Bidirectional(ConvLSTM1D(2, 2, data_format='channels_first', return_sequences=True, return_state=True))(x)",
        "[x, h]",
        "[y + a, b, z, Concatenate()(states)]",
    ),
    # Over several samples Keras lays the mask's batch over the rows, unless it is unrolled.
    "conv_lstm1d_masked": (
        "x = Input((4, 3, 2), batch_size=1)\nkeep = Input((4,), batch_size=1, dtype='bool')\n"
        "y = ConvLSTM1D(2, 3, padding='same', return_sequences=True)(Masking()(x))",
        "[x, keep]",
        "[y, ConvLSTM1D(2, 2, go_backwards=True, return_sequences=True, zero_output_for_mask=True)(x, mask=keep), "
        "ConvLSTM1D(17, 2, data_format='channels_first')(x, mask=keep), Bidirectional(ConvLSTM1D(2, 1, return_sequences=True))(Masking()(y))]",
    ),
    "conv_lstm1d_masked_and_unrolled": (
        "x = Input((3, 4, 2))\nh = Input((4, 3))\nkeep = Input((3,), dtype='bool')\nlayer = ConvLSTM1D(3, 3, padding='same', unroll=True, return_state=True)\n"
        "y, a, b = layer(x, initial_state=[h, -h], mask=keep)",
        "[x, h, keep]",
        "[y, a, b, Bidirectional(ConvLSTM1D(2, 2, strides=2, unroll=True))(x, mask=keep)]",
    ),
    "conv_lstm1d_masks_in_a_stream": (
        "x = Input((None, 3, 2), batch_size=1)\nkeep = Input((None,), batch_size=1, dtype='bool')",
        "[x, keep]",
        "Dense(2)(ConvLSTM1D(2, 2, return_sequences=True)(x, mask=keep))",
    ),
    "rnn_masked": (
        "x = Input((6, 4))\nkeep = Input((6,), dtype='bool')\ny = RNN([LSTMCell(3), GRUCell(2)], return_sequences=True, go_backwards=True)(Masking()(x))",
        "[x, keep]",
        "[y, RNN(LSTMCell(3), zero_output_for_mask=True)(x, mask=keep), Bidirectional(RNN([GRUCell(2), SimpleRNNCell(3)], return_sequences=True))(x, mask=keep)]",
    ),
    "rnn_masked_with_states": (
        "x = Input((6, 4))\nkeep = Input((6,), dtype='bool')\nh = Input((3,))\nc = Input((3,))\n"
        "y, *states = RNN([LSTMCell(3), LSTMCell(2)], return_sequences=True, return_state=True)(x, mask=keep)\n"
        "z = RNN([LSTMCell(3), LSTMCell(2)], return_sequences=True)(x, initial_state=states, mask=keep)\n"
        "# The first cell's state stands for the output before: it is the first of the states that are given.\n"
        "u = RNN([GRUCell(3), LSTMCell(3)], return_sequences=True, go_backwards=True)(x, initial_state=[h, [h, c]], mask=keep)",
        "[x, keep, h, c]",
        "[y, z, u, RNN([GRUCell(3), GRUCell(3)])(x, initial_state=[h, c], mask=keep), RNN(LSTMCell(3))(x, initial_state=[h, c], mask=keep)]",
    ),
    "both_directions": (
        "x = Input((5, 4))\na, b = Bidirectional(LSTM(3, return_sequences=True), merge_mode=None)(x)\n"
        "c, d, s, t = Bidirectional(GRU(2, return_state=True), merge_mode=None)(Concatenate()([a, b]))",
        "x",
        "[a, b, c, d, s + t]",
    ),
    "one_in_lists": ("x = Input((5, 4))", "[x]", "[LSTM(3)(x)]"),
}


def cases():
    """Every case: name -> text."""
    found = {}
    for name, (lines, inputs, outputs) in GRAPHS.items():
        model = "" if inputs is None else f"model = Model({inputs}, {outputs})\n"
        found[f"graph_{name}"] = f"{HEADER}{lines}\n{model}"
    return found
