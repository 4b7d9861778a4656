"""The texts whose summaries are recorded at several widths: what stretches, wraps, cuts or counts in the table.

`cases()` gives name -> `.rnn` text.
"""

LONG_NAME = "an_encoder_layer_whose_name_is_much_longer_than_any_column_of_the_table_can_be"

CASES = {
    "article": """
model = Sequential()
model.add(SimpleRNN(3, input_shape=(2, 10)))
model.summary()
""",
    "list_form": """
from keras import Input, Sequential
from keras.layers import LSTM, Dense

model = Sequential([
    Input(shape=(7, 3)),
    LSTM(12, return_sequences=True),
    LSTM(5),
    Dense(2, activation="softmax"),
])
""",
    "keyword_list_form": """
import keras

network = keras.Sequential(
    layers=(keras.Input((4, 2)), keras.layers.GRU(3), keras.layers.Dense(1)),
    name="by_keyword",
)
""",
    "import_aliases": """
import keras as k
from keras import layers as parts
from keras.layers import LSTM as Memory, Dense as Fully

model = k.models.Sequential()
model.add(k.layers.Input(shape=(4, 2)))
model.add(Memory(3, return_sequences=True))
model.add(parts.Dropout(0.5))
model.add(Fully(1))
""",
    "tensorflow_imports": """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras.layers import LSTM, Dense

model = tf.keras.Sequential()
model.add(keras.Input(shape=(4, 2)))
model.add(LSTM(3))
model.add(tf.keras.layers.Dense(1))
""",
    "constants_and_loops": """
from keras import Input, Sequential
from keras.layers import LSTM, Dense

timesteps, features = 0x10, 1_2
base = 2 ** 5 // 3 + 7 % 4
widths = [base, base - 2, max(3, min(base, 5))]

model = Sequential(name="constants")
model.add(Input(shape=(timesteps, features)))
for width in widths:
    model.add(LSTM(width, return_sequences=True))
for index in range(2):
    model.add(Dense(len(widths) * (index + 1), activation="relu", name="head_" "part" if index else "head"))
for width in (4, 2): model.add(Dense(-(-width)))

assert model.output_shape == (None, timesteps, 2)
assert base == 13 and not base < 3, "arithmetic is Python's"
""",
    "build_afterwards": """
from keras import Sequential
from keras.layers import GRU, Dense

model = Sequential()
model.add(GRU(4, return_sequences=True))
model.add(Dense(3))
model.build((None, 6, 5))
""",
    "build_free_timesteps": """
from keras import Sequential
from keras.layers import LSTM

model = Sequential([LSTM(4), ])
model.build(input_shape=(None, None, 5))
""",
    "input_layer": """
from keras import Sequential
from keras.layers import InputLayer, LSTM

model = Sequential()
model.add(InputLayer(shape=(6, 5)))
model.add(LSTM(4))
""",
    "input_layer_batch_shape": """
from keras import Sequential
from keras.layers import InputLayer, LSTM

model = Sequential()
model.add(InputLayer(batch_shape=(2, 6, 5), name="fixed"))
model.add(LSTM(4, return_sequences=True))
""",
    "input_batch_size": """
from keras import Input, Sequential
from keras.layers import Dense

model = Sequential([Input((3,), 8), Dense(2)])
""",
    "input_dim": """
model = Sequential()
model.add(Dense(4, input_dim=3))
model.add(Dense(2, input_shape=(99,)))
""",
    "long_names": f"""
model = Sequential(name="{LONG_NAME}_and_the_model_itself_too")
model.add(Input((4, 3)))
model.add(LSTM(2, name="{LONG_NAME}", return_sequences=True))
model.add(Dense(2, name="exactly_thirty_one_characters_x"))
model.add(Dense(2, name="exactly_thirty_two_characters_xy"))
model.add(Dense(2, name="a name of several words that wraps between them somewhere"))
model.add(Dense(2, name="  blanks  "))
model.add(Dense(2, name="twenty_four_characters_x"))
""",
    "odd_names": """
model = Sequential(name="model [bold]with markup")
model.add(Input((4, 3)))
model.add(Dense(2, name="[red]brackets ["))
model.add(Dense(2, name="back\\\\slash"))
model.add(Dense(2, name="a-b.c:d"))
model.add(Dense(2, name="größe"))
""",
    "large_counts": """
model = Sequential()
model.add(Input((1000, 4096)))
model.add(LSTM(2048, return_sequences=True, kernel_initializer="zeros", recurrent_initializer="zeros"))
model.add(Dense(150_000, kernel_initializer="zeros"))
model.add(Dense(1, use_bias=False))
""",
    "kilobytes": """
model = Sequential()
model.add(Input((255,)))
model.add(Dense(1))
model.add(Dense(500))
model.add(Dense(521))
""",
    "many_dimensions": """
model = Sequential()
model.add(Input((1000, 2000, 3000, 4000, 5)))
model.add(Dense(7))
model.add(ReLU())
""",
    "free_dimensions": """
model = Sequential()
model.add(Input((None, None, 8)))
model.add(Dense(1))
model.add(TimeDistributed(LSTM(3)))
model.add(Bidirectional(LSTM(3)))
""",
    "free_flatten": """
model = Sequential()
model.add(Input((None, 3)))
model.add(Flatten())
model.add(Activation("relu"))
""",
    "not_trainable": """
model = Sequential()
model.add(Input((4, 3)))
model.add(LSTM(2, return_sequences=True, trainable=False))
model.add(BatchNormalization())
model.add(BatchNormalization(trainable=False))
model.add(Bidirectional(LSTM(3, trainable=False, return_sequences=True)))
model.add(TimeDistributed(Dense(3, trainable=False)))
model.add(Bidirectional(GRU(3), backward_layer=GRU(3, go_backwards=True, trainable=False)))
model.add(Dense(2))
""",
    "wrapper_not_trainable": """
model = Sequential()
model.add(Input((4, 3)))
model.add(Bidirectional(LSTM(3, return_sequences=True), trainable=False))
model.add(TimeDistributed(Dense(3), trainable=False))
""",
    "model_not_trainable": """
model = Sequential([Input((4, 3)), Dense(3), BatchNormalization()], trainable=False)
""",
    "nested_wrappers": """
model = Sequential()
model.add(Input((2, 3, 4, 5)))
model.add(TimeDistributed(TimeDistributed(Bidirectional(LSTM(3)))))
model.add(TimeDistributed(TimeDistributed(Dense(3), name="inner_one")))
model.add(TimeDistributed(GRU(2)))
model.add(LSTM(4))
""",
    "automatic_names": """
model = Sequential()
model.add(Input((4, 3)))
model.add(TimeDistributed(Dense(3)))
model.add(Dense(3))
model.add(Bidirectional(LSTM(3, return_sequences=True)))
model.add(LSTM(3, return_sequences=True))
model.add(Bidirectional(SimpleRNN(3, return_sequences=True), name="own"))
model.add(SimpleRNN(3, return_sequences=True))
model.add(PReLU())
model.add(ReLU())
model.add(LeakyReLU())
model.add(ELU())
model.add(ReLU())
model.add(GRU(2))
""",
    "names_of_unused_layers": """
unused = Dense(3)
spare = LSTM(2)
model = Sequential()
model.add(Input((4, 3)))
model.add(LSTM(2))
model.add(Dense(1))
""",
    "shared_layer": """
shared = Dense(3)
memory = GRU(3, return_sequences=True)
model = Sequential()
model.add(Input((4, 3)))
model.add(shared)
model.add(memory)
model.add(shared)
model.add(memory)
""",
    "several_models": """
encoder = Sequential(name="encoder")
encoder.add(Input((5, 4)))
encoder.add(LSTM(3))

decoder = Sequential()
decoder.add(Input((3,)))
decoder.add(RepeatVector(5))
decoder.add(LSTM(3, return_sequences=True))
decoder.add(Dense(4))

third = Sequential([Input((2,)), Dense(1)])
""",
    "every_layer": """
model = Sequential()
model.add(Input((5,)))
model.add(Embedding(20, 6))
model.add(SpatialDropout1D(0.1))
model.add(SimpleRNN(5, return_sequences=True))
model.add(GaussianNoise(0.1))
model.add(GaussianDropout(0.1))
model.add(AlphaDropout(0.1))
model.add(GRU(5, return_sequences=True, reset_after=False))
model.add(LayerNormalization())
model.add(Activation("tanh"))
model.add(Permute((2, 1)))
model.add(BatchNormalization(axis=1))
model.add(TimeDistributed(Softmax()))
model.add(Reshape((-1, 5)))
model.add(Bidirectional(LSTM(2), merge_mode="sum"))
model.add(RepeatVector(3))
model.add(PReLU(shared_axes=[1]))
model.add(LeakyReLU())
model.add(ELU())
model.add(ReLU())
model.add(Softmax())
model.add(Flatten())
model.add(Dropout(0.1))
model.add(Dense(1, activation="sigmoid"))
""",
    "compiled": """
model = Sequential()
model.add(Input((4, 3)))
model.add(LSTM(2))
model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])
model.summary()
""",
}


def cases():
    """Every case: name -> text."""
    return {name: text.lstrip("\n") for name, text in CASES.items()}
