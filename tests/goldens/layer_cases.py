"""The models whose numbers are recorded: one small model for every layer, and for every argument that matters.

`cases()` gives name -> `.rnn` text. A case holds one thing under test; names say which.
"""

import re

ACTIVATIONS = (
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid "
    "log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid "
    "sparsemax squareplus swish tanh tanh_shrink"
).split()

RECURRENT = ("SimpleRNN", "LSTM", "GRU")


LAYERS = (
    "Activation AlphaDropout BatchNormalization Bidirectional Dense Dropout ELU Embedding Flatten GRU GaussianDropout "
    "GaussianNoise LSTM LayerNormalization LeakyReLU PReLU Permute ReLU RepeatVector Reshape SimpleRNN Softmax "
    "SpatialDropout1D TimeDistributed Cropping1D MaxPooling1D AveragePooling1D ZeroPadding1D UpSampling1D GlobalAveragePooling1D GlobalMaxPooling1D "
    "Rescaling UnitNormalization Conv1D DepthwiseConv1D SeparableConv1D Conv1DTranspose "
    "GroupNormalization RMSNormalization Normalization ConvLSTM1D AdaptiveAveragePooling1D AdaptiveMaxPooling1D Discretization SpectralNormalization Masking"
).split()


def text_of(input_line, layers):
    """The text of a linear model, with the imports that it needs."""
    body = " ".join(layers)
    used = [name for name in LAYERS if re.search(rf"\b{name}\(", body)]
    lines = ["from keras import Input, Sequential", f"from keras.layers import {', '.join(used)}", "", "model = Sequential()"]
    lines += [f"model.add({line})" for line in [input_line, *layers]]
    return "\n".join(lines) + "\n"


def vectors(*layers, features=4):
    return text_of(f"Input(shape=({features},))", layers)


def sequences(*layers, timesteps=5, features=4):
    return text_of(f"Input(shape=({timesteps}, {features}))", layers)


def of_shape(shape, *layers):
    return text_of(f"Input(shape={shape})", layers)


def dense_cases():
    for name in ACTIVATIONS:
        yield f"dense_{name}", vectors(f'Dense(6, activation="{name}")')
        yield f"activation_{name}", sequences(f'Activation("{name}")', features=6)
    yield "dense_no_activation", vectors("Dense(3, activation=None)")
    yield "dense_without_bias", vectors("Dense(3, use_bias=False)")
    yield "dense_on_sequence", sequences('Dense(3, activation="tanh")')
    yield "dense_on_rank_4", of_shape("(2, 3, 4)", "Dense(5)")
    yield "dense_on_rank_5", of_shape("(2, 1, 3, 4)", 'Dense(2, activation="softmax")')
    yield "dense_one_unit", vectors('Dense(1, activation="sigmoid")')
    yield "dense_one_feature", vectors("Dense(7)", features=1)
    yield "dense_wide", vectors('Dense(70, activation="relu")', "Dense(33)", features=50)
    yield "dense_deep", vectors(*(f'Dense({units}, activation="{name}")' for units, name in ((17, "relu"), (16, "selu"), (9, "gelu"), (4, "softmax"))))
    yield "dense_on_free_timesteps", of_shape("(None, 4)", "Dense(3)")
    yield "dense_training_arguments", vectors(
        'Dense(3, kernel_initializer="he_normal", bias_initializer="ones", kernel_regularizer="l2", bias_regularizer="l1", '
        'activity_regularizer="l1l2", kernel_constraint="non_neg", bias_constraint="max_norm", trainable=False)'
    )


def recurrent_cases():
    for layer in RECURRENT:
        low = layer.lower()
        yield f"{low}_last", sequences(f"{layer}(3)")
        yield f"{low}_sequences", sequences(f"{layer}(3, return_sequences=True)")
        yield f"{low}_without_bias", sequences(f"{layer}(3, use_bias=False)")
        yield f"{low}_backwards", sequences(f"{layer}(3, go_backwards=True)")
        yield f"{low}_backwards_sequences", sequences(f"{layer}(3, go_backwards=True, return_sequences=True)")
        yield f"{low}_unrolled", sequences(f"{layer}(3, unroll=True, return_sequences=True)")
        yield f"{low}_not_unrolled", sequences(f"{layer}(3, unroll=False)")
        yield f"{low}_one_timestep", sequences(f"{layer}(3, return_sequences=True)", timesteps=1)
        yield f"{low}_one_unit", sequences(f"{layer}(1)")
        yield f"{low}_one_feature", sequences(f"{layer}(5)", features=1)
        yield f"{low}_wide", sequences(f"{layer}(37)", features=19)
        yield f"{low}_long", sequences(f"{layer}(4)", timesteps=60)
        yield f"{low}_free_timesteps", of_shape("(None, 4)", f"{layer}(3, return_sequences=True)", f"{layer}(2)")
        yield f"{low}_free_timesteps_last", of_shape("(None, 4)", f"{layer}(3)")
        yield f"{low}_stateful", text_of("Input(batch_shape=(3, 5, 4))", [f"{layer}(3, stateful=True)"])
        yield f"{low}_fixed_batch", text_of("Input(batch_shape=(2, 5, 4))", [f"{layer}(3, return_sequences=True)"])
        yield f"{low}_deep", sequences(f"{layer}(6, return_sequences=True)", f"{layer}(5, return_sequences=True)", f"{layer}(4)", "Dense(2)")
        yield f"{low}_dropout", sequences(f"{layer}(3, dropout=0.3, recurrent_dropout=0.2, seed=7)")
        yield f"{low}_no_activation", sequences(f"{layer}(3, activation=None)")
        yield f"{low}_softmax_cell", sequences(f'{layer}(4, activation="softmax", return_sequences=True)')
        yield f"{low}_named", sequences(f'{layer}(3, name="my_{low}", return_sequences=True)', f"{layer}(2)")
        yield f"{low}_training_arguments", sequences(
            f'{layer}(3, kernel_initializer="he_uniform", recurrent_initializer="identity", bias_initializer="ones", '
            'kernel_regularizer="l2", recurrent_regularizer="l1", bias_regularizer="l2", activity_regularizer="l1", '
            'kernel_constraint="max_norm", recurrent_constraint="unit_norm", bias_constraint="non_neg", trainable=False, dtype="float32")'
        )
    yield from recurrent_activation_cases()


def recurrent_activation_cases():
    for name in ACTIVATIONS:
        yield f"simplernn_{name}", sequences(f'SimpleRNN(4, activation="{name}", return_sequences=True)')
        yield f"lstm_recurrent_{name}", sequences(f'LSTM(4, recurrent_activation="{name}")')
        yield f"gru_{name}", sequences(f'GRU(4, activation="{name}")')
    for name in ("relu", "linear", "hard_sigmoid", "softsign", "elu"):
        yield f"lstm_{name}", sequences(f'LSTM(4, activation="{name}", return_sequences=True)')
        yield f"gru_recurrent_{name}", sequences(f'GRU(4, recurrent_activation="{name}", return_sequences=True)')
    yield "lstm_both_activations", sequences('LSTM(4, activation="softsign", recurrent_activation="hard_sigmoid")')
    yield "lstm_without_unit_forget_bias", sequences("LSTM(3, unit_forget_bias=False)")
    for after in (True, False):
        suffix = "after" if after else "before"
        yield f"gru_reset_{suffix}", sequences(f"GRU(3, reset_after={after}, return_sequences=True)")
        yield f"gru_reset_{suffix}_without_bias", sequences(f"GRU(3, reset_after={after}, use_bias=False)")
        yield f"gru_reset_{suffix}_wide", sequences(f"GRU(21, reset_after={after})", features=9)
    yield "gru_reset_before_activations", sequences('GRU(3, reset_after=False, activation="relu", recurrent_activation="hard_sigmoid")')
    yield "gru_reset_before_backwards", sequences("GRU(3, reset_after=False, go_backwards=True, return_sequences=True)")
    yield "mixed_stack", sequences("LSTM(6, return_sequences=True)", "GRU(5, return_sequences=True)", "SimpleRNN(4)", 'Dense(3, activation="softmax")')


def wrapper_cases():
    for layer in RECURRENT:
        low = layer.lower()
        for mode in ("concat", "sum", "ave", "mul"):
            yield f"bidirectional_{low}_{mode}", sequences(f'Bidirectional({layer}(3), merge_mode="{mode}")')
            yield f"bidirectional_{low}_{mode}_sequences", sequences(f'Bidirectional({layer}(3, return_sequences=True), merge_mode="{mode}")')
        yield f"bidirectional_{low}_deep", sequences(f"Bidirectional({layer}(3, return_sequences=True))", f"Bidirectional({layer}(2))", "Dense(2)")
        yield f"bidirectional_{low}_free_timesteps", of_shape("(None, 4)", f"Bidirectional({layer}(3, return_sequences=True))")
        yield f"time_distributed_{low}", of_shape("(2, 5, 4)", f"TimeDistributed({layer}(3))")
        yield f"time_distributed_{low}_sequences", of_shape("(2, 5, 4)", f"TimeDistributed({layer}(3, return_sequences=True))")
    yield "bidirectional_gru_reset_before", sequences("Bidirectional(GRU(3, reset_after=False, return_sequences=True))")
    yield "bidirectional_relu", sequences('Bidirectional(LSTM(3, activation="relu", use_bias=False))')
    yield "bidirectional_named", sequences('Bidirectional(LSTM(3, name="inner"), name="outer")', "Dense(1)")
    yield "bidirectional_unrolled", sequences("Bidirectional(SimpleRNN(3, return_sequences=True, unroll=True))")
    yield "bidirectional_backward_layer", sequences("Bidirectional(LSTM(3), backward_layer=LSTM(3, go_backwards=True))")
    yield "bidirectional_backward_layer_named", sequences(
        'Bidirectional(LSTM(3, return_sequences=True, name="there"), '
        'backward_layer=LSTM(3, go_backwards=True, return_sequences=True, activation="relu", name="back"), merge_mode="sum")'
    )
    yield "bidirectional_other_class_backward", sequences(
        "Bidirectional(LSTM(3, return_sequences=True), backward_layer=GRU(3, go_backwards=True, return_sequences=True))"
    )
    yield "bidirectional_stateful", text_of("Input(batch_shape=(3, 5, 4))", ["Bidirectional(LSTM(3, stateful=True))"])
    yield "bidirectional_frozen", sequences("Bidirectional(LSTM(3, trainable=False))", "Dense(2)")
    yield "time_distributed_dense", sequences('TimeDistributed(Dense(3, activation="relu"))')
    yield "time_distributed_dense_rank_4", of_shape("(2, 5, 4)", "TimeDistributed(Dense(3))")
    yield "time_distributed_twice", of_shape("(2, 3, 4)", "TimeDistributed(TimeDistributed(Dense(3)))")
    yield "time_distributed_layer_normalization", sequences("TimeDistributed(LayerNormalization())")
    yield "time_distributed_layer_normalization_rank_4", of_shape("(2, 3, 4)", "TimeDistributed(LayerNormalization(axis=1))")
    yield "time_distributed_batch_normalization", sequences("TimeDistributed(BatchNormalization())")
    yield "time_distributed_flatten", of_shape("(5, 2, 3)", "TimeDistributed(Flatten())", "LSTM(3)")
    yield "time_distributed_activation", sequences('TimeDistributed(Activation("softmax"))')
    yield "time_distributed_reshape", of_shape("(5, 6)", "TimeDistributed(Reshape((2, 3)))")
    yield "time_distributed_permute", of_shape("(5, 2, 3)", "TimeDistributed(Permute((2, 1)))")
    yield "time_distributed_repeat_vector", of_shape("(2, 3)", "TimeDistributed(RepeatVector(4))")
    yield "time_distributed_prelu", sequences("TimeDistributed(PReLU())")
    yield "time_distributed_softmax", of_shape("(2, 3, 4)", "TimeDistributed(Softmax(axis=1))")
    yield "time_distributed_dropout", sequences("TimeDistributed(Dropout(0.5))", "LSTM(2)")
    yield "time_distributed_embedding", of_shape("(4, 3)", "TimeDistributed(Embedding(9, 2))", "TimeDistributed(Flatten())", "GRU(3)")
    yield "time_distributed_bidirectional", of_shape("(2, 5, 4)", "TimeDistributed(Bidirectional(LSTM(3)))", "LSTM(2)")
    yield "time_distributed_free_timesteps", of_shape("(None, 4)", "TimeDistributed(Dense(3))", "LSTM(2)")


def shape_cases():
    yield "flatten_sequence", sequences("Flatten()", "Dense(2)")
    yield "flatten_rank_4", of_shape("(2, 3, 4)", "Flatten()")
    yield "flatten_vector", vectors("Flatten()", "Dense(2)")
    yield "flatten_scalar", of_shape("()", "Flatten()", "Dense(2)")
    yield "reshape", of_shape("(12,)", "Reshape((3, 4))", "LSTM(2)")
    yield "reshape_inferred", of_shape("(12,)", "Reshape((-1, 4))", "LSTM(2, return_sequences=True)", "Reshape((-1,))")
    yield "reshape_rank_4", sequences("Reshape((2, 5, 2))", "TimeDistributed(LSTM(3))")
    yield "reshape_free_timesteps", of_shape("(None, 4)", "Reshape((-1, 2))", "GRU(3)")
    yield "repeat_vector", vectors("RepeatVector(3)", "LSTM(2, return_sequences=True)")
    yield "encoder_decoder", sequences("LSTM(6)", "RepeatVector(3)", "LSTM(6, return_sequences=True)", "TimeDistributed(Dense(2))")
    yield "permute", sequences("Permute((2, 1))", "LSTM(2)")
    yield "permute_rank_4", of_shape("(2, 3, 4)", "Permute((3, 1, 2))")
    yield "permute_identity", sequences("Permute((1, 2))")
    yield "permute_rank_5", of_shape("(2, 3, 4, 5)", "Permute((4, 2, 1, 3))")
    yield "embedding", of_shape("(5,)", "Embedding(11, 4)", "LSTM(3)")
    yield "embedding_scalar", of_shape("()", "Embedding(11, 4)", "Dense(2)")
    yield "embedding_rank_3", of_shape("(5, 2)", "Embedding(7, 3)", "TimeDistributed(Flatten())", "GRU(2)")
    yield "embedding_free_timesteps", of_shape("(None,)", "Embedding(11, 4)", "Bidirectional(GRU(3))", 'Dense(2, activation="softmax")')
    yield "embedding_integer_input", text_of('Input(shape=(5,), dtype="int32")', ["Embedding(input_dim=11, output_dim=4)", "Flatten()", "Dense(2)"])
    yield "embedding_after_reshape", of_shape("(6,)", "Reshape((2, 3))", "Embedding(7, 3)", "Flatten()")
    yield "embedding_mask_zero_false", of_shape("(5,)", 'Embedding(11, 4, embeddings_initializer="ones", mask_zero=False)', "SimpleRNN(3)")


def normalization_cases():
    layer = "LayerNormalization"
    yield "layer_normalization", sequences(f"{layer}()")
    yield "layer_normalization_vector", vectors(f"{layer}()", features=7)
    yield "layer_normalization_axis_1", sequences(f"{layer}(axis=1)")
    yield "layer_normalization_both_axes", sequences(f"{layer}(axis=[1, 2])")
    yield "layer_normalization_axes_reversed", sequences(f"{layer}(axis=(2, 1))")
    yield "layer_normalization_negative_axes", of_shape("(2, 3, 4)", f"{layer}(axis=[-1, -3])")
    yield "layer_normalization_middle_axis", of_shape("(2, 3, 4)", f"{layer}(axis=2)")
    yield "layer_normalization_without_center", sequences(f"{layer}(center=False)")
    yield "layer_normalization_without_scale", sequences(f"{layer}(scale=False)")
    yield "layer_normalization_plain", sequences(f"{layer}(center=False, scale=False)")
    yield "layer_normalization_epsilon", sequences(f"{layer}(epsilon=0.5)")
    yield "layer_normalization_free_timesteps", of_shape("(None, 4)", f"{layer}()", "LSTM(3)")
    yield "layer_normalization_stack", sequences("LSTM(6, return_sequences=True)", f"{layer}()", "GRU(5)", f"{layer}(epsilon=1e-5)", "Dense(2)")
    layer = "BatchNormalization"
    yield "batch_normalization", sequences(f"{layer}()")
    yield "batch_normalization_vector", vectors(f"{layer}()", "Dense(2)")
    yield "batch_normalization_axis_1", sequences(f"{layer}(axis=1)")
    yield "batch_normalization_rank_4_axis_2", of_shape("(2, 3, 4)", f"{layer}(axis=2)")
    yield "batch_normalization_rank_4_axis_minus_3", of_shape("(2, 3, 4)", f"{layer}(axis=-3)")
    yield "batch_normalization_without_center", sequences(f"{layer}(center=False)")
    yield "batch_normalization_without_scale", sequences(f"{layer}(scale=False)")
    yield "batch_normalization_plain", sequences(f"{layer}(center=False, scale=False)")
    yield "batch_normalization_epsilon", sequences(f"{layer}(epsilon=0.1, momentum=0.5)")
    yield "batch_normalization_free_timesteps", of_shape("(None, 4)", f"{layer}()", "LSTM(3)")
    yield "batch_normalization_stack", sequences("Dense(6)", f"{layer}()", "ReLU()", "LSTM(4)", f"{layer}()", "Dense(2)")
    yield "batch_normalization_frozen", sequences(f"{layer}(trainable=False)")


def further_normalization_cases():
    yield "batch_normalization_renorm", sequences("BatchNormalization(renorm=True)", "Dense(2)")
    yield "layer_normalization_rms_scaling", sequences("LayerNormalization(rms_scaling=True)", features=19)
    yield "layer_normalization_rms_scaling_axis_1", sequences("LayerNormalization(axis=1, scale=False, rms_scaling=True)")
    layer = "GroupNormalization"
    yield "group_normalization", sequences(f"{layer}(2)", features=6)
    yield "group_normalization_vector", vectors(f"{layer}(groups=3, epsilon=0.1)", features=21)
    yield "group_normalization_axis_1", of_shape("(4, 3, 2)", f"{layer}(2, axis=1)")
    yield "group_normalization_axis_minus_2", of_shape("(2, 6, 3)", f"{layer}(3, axis=-2, scale=False)")
    yield "group_normalization_of_instances", sequences(f"{layer}(groups=-1, center=False)")
    layer = "RMSNormalization"
    yield "rms_normalization", sequences(f"{layer}()", features=19)
    yield "rms_normalization_both_axes", sequences(f"{layer}(axis=[1, 2], epsilon=0.1)")
    yield "rms_normalization_axis_1_of_a_square", sequences(f"{layer}(axis=1)", timesteps=4)
    yield "rms_normalization_free_timesteps", of_shape("(None, 4)", f"{layer}(-1)", "GRU(3)")
    layer = "Normalization"
    yield "normalization", sequences(f"{layer}()", "LSTM(3)")
    yield "normalization_kept_apart", of_shape("(2, 3, 4)", f"{layer}(axis=(1, -1), invert=True)")
    yield "normalization_of_everything", vectors(f"{layer}(axis=None)", "Dense(2)")
    yield "normalization_numbers", sequences(f"{layer}(mean=[1, 0.5, -2, 0], variance=[4, 0.25, 1, 0.5])")
    yield "normalization_number_inverted", of_shape("(None, 4)", f"{layer}(mean=0.3, variance=2.0, invert=True)", "LSTM(2)")


def activation_layer_cases():
    yield "relu_layer", sequences("ReLU()")
    yield "relu_layer_max_value", sequences("ReLU(max_value=0.8)")
    yield "relu_layer_negative_slope", sequences("ReLU(negative_slope=0.25)")
    yield "relu_layer_threshold", sequences("ReLU(threshold=0.5)")
    yield "relu_layer_all", sequences("ReLU(max_value=1.5, negative_slope=0.1, threshold=0.4)")
    yield "relu_layer_positional", sequences("ReLU(1.0, 0.2, 0.3)")
    yield "leaky_relu_layer", sequences("LeakyReLU()")
    yield "leaky_relu_layer_slope", sequences("LeakyReLU(negative_slope=0.05)")
    yield "elu_layer", sequences("ELU()")
    yield "elu_layer_alpha", sequences("ELU(alpha=0.3)")
    yield "prelu_layer", sequences("PReLU()")
    yield "prelu_layer_vector", vectors("PReLU()")
    yield "prelu_layer_shared_axes", sequences("PReLU(shared_axes=[1])")
    yield "prelu_layer_shared_last", of_shape("(2, 3, 4)", "PReLU(shared_axes=[1, 3])")
    yield "prelu_layer_shared_timesteps_free", of_shape("(None, 4)", "PReLU(shared_axes=(1,))", "LSTM(2)")
    yield "softmax_layer", sequences("Softmax()")
    yield "softmax_layer_axis_1", sequences("Softmax(axis=1)")
    yield "softmax_layer_axes", of_shape("(2, 3, 4)", "Softmax(axis=[1, 3])")
    yield "softmax_layer_negative_axis", of_shape("(2, 3, 4)", "Softmax(axis=-2)")
    yield "dropout_family", sequences(
        "Dropout(0.4, seed=1)", "SpatialDropout1D(0.2)", "GaussianDropout(0.3)", "GaussianNoise(0.1)", "AlphaDropout(0.1)", "LSTM(3)", "Dropout(0.5)"
    )
    yield "dropout_noise_shape", sequences("Dropout(0.4, noise_shape=(None, 1, 4))", "Dense(2)")
    yield "only_dropout", sequences("Dropout(0.4)")


def sequence_cases():
    """Layers that cut, fill, repeat and pool sequences, and those without weights that scale."""
    yield "cropping_both_ends", sequences("Cropping1D()")
    yield "cropping_one_end", sequences("Cropping1D((0, 2))", "LSTM(3)")
    yield "zero_padding", sequences("ZeroPadding1D()", "GRU(3, return_sequences=True)")
    yield "zero_padding_before", sequences("ZeroPadding1D(padding=(3, 0))", features=17)
    yield "up_sampling", sequences("UpSampling1D(size=3)", "Dense(2)")
    yield "up_sampling_behind_a_recurrence", sequences("LSTM(5, return_sequences=True)", "UpSampling1D()")
    yield "up_sampling_free_timesteps", of_shape("(None, 4)", "UpSampling1D()", "GRU(3, return_sequences=True)")
    yield "global_average_pooling", sequences("GlobalAveragePooling1D()", features=19)
    yield "global_average_pooling_keeps_its_axis", sequences("GRU(4, return_sequences=True)", "GlobalAveragePooling1D(keepdims=True)")
    yield "global_max_pooling", sequences("GlobalMaxPooling1D(data_format='channels_last')", "Dense(3)", features=19)
    yield "max_pooling", sequences("MaxPooling1D()", "LSTM(3)", timesteps=7)
    yield "max_pooling_same", sequences("MaxPooling1D(3, strides=2, padding='same')", timesteps=7, features=19)
    yield "max_pooling_overlapping", sequences("MaxPooling1D(pool_size=3, strides=1)", timesteps=6)
    yield "average_pooling", sequences("AveragePooling1D((2,))", timesteps=7, features=19)
    yield "average_pooling_same", sequences("AveragePooling1D(4, strides=1, padding='same')", timesteps=6)
    yield "average_pooling_same_strides", sequences("AveragePooling1D(3, 2, 'same')", timesteps=8)
    yield "rescaling", sequences("Rescaling(1 / 3, offset=-0.5)", "LSTM(3)")
    yield "rescaling_without_offset", vectors("Rescaling(2)")
    yield "unit_normalization", sequences("UnitNormalization()", features=19)
    yield "unit_normalization_over_time", sequences("UnitNormalization(axis=1)")
    yield "unit_normalization_over_both", sequences("UnitNormalization(axis=(1, 2))")
    yield "pooling_in_each_frame", text_of("Input(shape=(3, 4, 5))", ["TimeDistributed(GlobalMaxPooling1D())", "TimeDistributed(UnitNormalization())"])


def mask_cases():
    """Masks: who makes them, who passes them on, who uses them."""
    yield "mask_alone", sequences("Masking(-1.5)", features=17)
    yield "mask_sequence", sequences("Masking()", "LSTM(5, return_sequences=True)", timesteps=7)
    yield "mask_last", sequences("Masking(mask_value=2.0)", "GRU(4)", timesteps=7)
    yield "mask_large_cell", sequences("Masking()", "LSTM(50)", timesteps=7)
    yield "mask_backwards", sequences("Masking()", "SimpleRNN(4, go_backwards=True, return_sequences=True)", "GRU(3, go_backwards=True)", timesteps=7)
    yield "mask_both_directions", sequences("Masking()", "Bidirectional(LSTM(3, return_sequences=True), merge_mode='mul')", "Bidirectional(GRU(4))", timesteps=7)
    yield "mask_zero_output", sequences("Masking()", "LSTM(3, return_sequences=True, zero_output_for_mask=True)", timesteps=7)
    yield "mask_zero_last_output", sequences("Masking()", "GRU(3, zero_output_for_mask=True)", timesteps=7)
    yield "mask_unrolled", sequences("Masking()", "SimpleRNN(3, unroll=True, zero_output_for_mask=True, return_sequences=True)", timesteps=7)
    yield "mask_free_timesteps", of_shape("(None, 4)", "Masking()", "GRU(18, return_sequences=True, reset_after=False)", "LSTM(3)")
    yield "mask_passed_on", sequences(
        "Masking(0.5)", "Dense(5)", "BatchNormalization()", "Dropout(0.1)", "LayerNormalization()", "Activation('softsign')", "TimeDistributed(Dense(4))", "LSTM(3)", timesteps=7
    )
    yield "mask_average", sequences("Masking()", "Dense(17)", "GlobalAveragePooling1D()", timesteps=7)
    yield "mask_of_ids", of_shape("(7,), dtype='int32'", "Embedding(5, 4, mask_zero=True)", "GRU(4, return_sequences=True)")
    yield "mask_in_each_frame", of_shape("(3, 5, 2)", "Masking()", "TimeDistributed(LSTM(3, return_sequences=True, zero_output_for_mask=True))", "TimeDistributed(GRU(2))", "Flatten()")


def further_sequence_cases():
    first = "data_format='channels_first'"
    yield "channels_first", of_shape("(3, 7)", f"ZeroPadding1D((1, 2), {first})", f"AveragePooling1D(3, 2, {first})", f"GlobalMaxPooling1D({first})")
    yield "channels_first_kept", of_shape("(3, 7)", f"MaxPooling1D(2, {first})", f"GlobalAveragePooling1D({first}, keepdims=True)")
    yield "adaptive_average_pooling", sequences("AdaptiveAveragePooling1D(3)", timesteps=7, features=19)
    yield "adaptive_max_pooling", sequences("AdaptiveMaxPooling1D((4,))", "AdaptiveMaxPooling1D(7)", f"AdaptiveAveragePooling1D(3, {first})")
    yield "spectral_normalization", sequences("SpectralNormalization(Conv1D(6, 2))", "SpectralNormalization(Dense(3, activation='tanh'))")
    yield "discretization", sequences("Discretization([-0.5, 0.0, 1])", "LSTM(2)")


def convolution_cases():
    """Convolutions over time."""
    yield "conv1d", sequences("Conv1D(5, 3, activation='relu')", timesteps=7)
    yield "conv1d_same_strides", sequences("Conv1D(20, 4, strides=2, padding='same')", timesteps=7, features=3)
    yield "conv1d_causal_dilated", sequences("Conv1D(6, 3, padding='causal', dilation_rate=2)", "LSTM(3)", timesteps=7)
    yield "conv1d_groups", sequences("Conv1D(6, 2, groups=2, use_bias=False)", "Conv1D(6, 2, groups=6)", "Conv1D(12, (3,), 1, 'same', None, 1, 6, 'tanh')")
    yield "conv1d_channels_first", of_shape("(4, 7)", "Conv1D(5, 3, data_format='channels_first', activation='softmax')")
    yield "conv1d_of_one_timestep", of_shape("(None, 4)", "Conv1D(3, 1, activation='tanh')", "Conv1D(2, 1, strides=1, activation='softmax')")
    yield "conv1d_wide", sequences("Conv1D(70, 5, padding='same')", "Activation('elu')", timesteps=9, features=17)
    yield "conv1d_in_each_frame", text_of("Input(shape=(3, 6, 2))", ["TimeDistributed(Conv1D(4, 3, padding='causal'))", "TimeDistributed(Conv1DTranspose(2, 3))"])
    yield "depthwise_conv1d", sequences("DepthwiseConv1D(3, activation='tanh')", timesteps=6, features=19)
    yield "depthwise_conv1d_multiplied", sequences("DepthwiseConv1D(3, 2, 'same', depth_multiplier=3, dilation_rate=2)", timesteps=8, features=6)
    yield "depthwise_conv1d_channels_first", of_shape("(3, 6)", "DepthwiseConv1D(2, data_format='channels_first', use_bias=False)")
    yield "depthwise_conv1d_of_one_timestep", of_shape("(None, 4)", "DepthwiseConv1D(1, depth_multiplier=2)", "GRU(2, return_sequences=True)")
    yield "separable_conv1d", sequences("SeparableConv1D(6, 3, activation='softmax')", timesteps=6)
    yield "separable_conv1d_multiplied", sequences("SeparableConv1D(3, 2, strides=2, padding='same', depth_multiplier=2, use_bias=False)", timesteps=7)
    yield "conv1d_transpose", sequences("Conv1DTranspose(3, 4, activation='relu')")
    yield "conv1d_transpose_strides", sequences("Conv1DTranspose(20, 3, strides=2, padding='same')", "Conv1DTranspose(2, 2, strides=3)")
    yield "conv1d_transpose_output_padding", sequences("Conv1DTranspose(3, 4, strides=3, padding='same', output_padding=2)", "Conv1DTranspose(3, 3, strides=2, output_padding=1, use_bias=False)")
    yield "conv1d_transpose_dilated", sequences("Conv1DTranspose(3, 3, dilation_rate=2)", "Conv1DTranspose(3, 3, padding='same', dilation_rate=3)")
    yield "conv1d_transpose_channels_first", of_shape("(4, 5)", "Conv1DTranspose(3, 3, 2, 'same', data_format='channels_first')")


def conv_lstm_cases():
    yield "conv_lstm1d", of_shape("(4, 5, 2)", "ConvLSTM1D(3, 3)")
    yield "conv_lstm1d_sequences", of_shape("(3, 6, 2)", "ConvLSTM1D(18, 4, strides=2, padding='same', return_sequences=True)")
    yield "conv_lstm1d_free_timesteps", of_shape("(None, 6, 2)", "ConvLSTM1D(2, 2, dilation_rate=2, padding='same', return_sequences=True)", "TimeDistributed(Flatten())", "GRU(2)")
    yield "conv_lstm1d_backwards", of_shape("(3, 5, 1)", "ConvLSTM1D(2, 2, activation='relu', recurrent_activation='hard_sigmoid', use_bias=False, go_backwards=True, return_sequences=True)")
    yield "bidirectional_conv_lstm1d", of_shape("(3, 4, 2)", "Bidirectional(ConvLSTM1D(3, 2, return_sequences=True))", "Bidirectional(ConvLSTM1D(2, 2), merge_mode='ave')")
    yield "conv_lstm1d_channels_first", of_shape("(3, 2, 5)", "ConvLSTM1D(3, 2, data_format='channels_first', return_sequences=True)")
    yield "time_distributed_conv_lstm1d", of_shape("(2, 3, 4, 2)", "TimeDistributed(ConvLSTM1D(2, 3))")


def cases():
    """Every case: name -> text."""
    groups = (dense_cases, recurrent_cases, wrapper_cases, shape_cases, normalization_cases, further_normalization_cases, activation_layer_cases, sequence_cases, convolution_cases, conv_lstm_cases, further_sequence_cases, mask_cases)
    found = {}
    for group in groups:
        for name, text in group():
            assert name not in found, name
            found[name] = text
    return found
