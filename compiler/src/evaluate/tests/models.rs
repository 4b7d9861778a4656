//! `Sequential`, its methods and attributes, and the models of a text.

use rnn_grammar::Code;

use super::{clean, codes, compile, holds, only, repaired, underlined};

#[test]
fn every_form_of_sequential_gives_the_same_model() {
    for text in [
        "model = Sequential()\nmodel.add(Input((3,)))\nmodel.add(Dense(2))",
        "model = Sequential([Input((3,)), Dense(2)])",
        "model = Sequential((Input((3,)), Dense(2)))",
        "model = Sequential(layers=[InputLayer(shape=(3,)), Dense(2)])",
        "model = Sequential([Dense(2)])\nmodel.build((None, 3))",
        "x = Input(batch_shape=(None, 3))\nlayers = [x] + [Dense(2)]\nmodel = Sequential(layers)",
        "model = Sequential([Input((3,)), Dense(2), Dense(9)])\nmodel.pop()",
        "model = Sequential([Input((3,))])\nfor n in (2,): model.add(Dense(n))",
    ] {
        let compiled = clean(text);
        let model = &compiled.models[0];
        assert_eq!((model.total_params(), model.layers().len()), (8, 1), "{text}");
        assert_eq!(model.output_shape().to_string(), "(None, 2)");
        assert_eq!(model.layers()[0].name, "dense");
    }
}

#[test]
fn automatic_names_count_every_layer_of_the_text() {
    let compiled = clean(
        "a = Sequential([Input((3, 4)), Bidirectional(LSTM(2, return_sequences=True)), LSTM(2, name='x'), Dense(1)])\n\
         b = Sequential([Input((3, 4)), TimeDistributed(Dense(2)), LSTM(2), Dense(1), LeakyReLU()], name='named')\n\
         c = Sequential([Input((3,)), Dense(1)])",
    );
    let names = |index: usize| compiled.models[index].layers().into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!(names(0), ["bidirectional", "x", "dense"]);
    assert_eq!(names(1), ["time_distributed", "lstm_1", "dense_2", "leaky_re_lu"]);
    assert_eq!(names(2), ["dense_3"]);
    let models: Vec<_> = compiled.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(models, ["sequential", "named", "sequential_1"]);
}

#[test]
fn clearing_the_session_starts_the_names_over() {
    let compiled = clean("a = Dense(1)\nkeras.backend.clear_session()\nmodel = Sequential([Input((1,)), Dense(1)])");
    assert_eq!(compiled.models[0].layers()[0].name, "dense");
}

#[test]
fn attributes_are_keras_3s() {
    holds(
        "m = Sequential([Input((80, 13)), LSTM(4, return_sequences=True), Dense(2, trainable=False)], name='tagger')\n\
         assert m.name == 'tagger' and m.input_shape == (None, 80, 13) and m.output_shape == (None, 80, 2)\n\
         assert m.inputs[0].shape == m.input_shape and m.outputs[0].shape == m.output_shape and m.built\n\
         assert len(m.layers) == 2 and m.layers[0].name == 'lstm' and m.get_layer(index=-1) is m.layers[1]\n\
         assert m.get_layer('lstm').output.shape == (None, 80, 4) and m.layers[1].input.shape[-1] == 4\n\
         assert m.count_params() == 298 and m.layers[1].count_params() == 10 and not m.layers[1].trainable",
    );
}

#[test]
fn a_shape_is_known_as_soon_as_keras_knows_it() {
    holds(
        "m = Sequential()\nm.add(Input((3,)))\nm.add(Dense(2))\nassert m.output_shape == (None, 2)\nm.add(Dense(5))\nassert m.output_shape == (None, 5)",
    );
    assert_eq!(
        codes("m = Sequential([Dense(2)])\nassert m.output_shape == (None, 2)\nm.build((None, 3))"),
        [Code::E134]
    );
    assert_eq!(codes("m = Sequential([Input((3,))])\na = m.output_shape\nm.add(Dense(2))"), [Code::E134]);
    assert_eq!(codes("d = Dense(2)\na = d.count_params()\nm = Sequential([Input((3,)), d])"), [Code::E134]);
}

#[test]
fn unknown_attributes_are_told_with_the_nearest() {
    let model = "m = Sequential([Input((3,)), Dense(2)])\n";
    assert_eq!(repaired(&format!("{model}m.sumary()")), format!("{model}m.summary()"));
    assert_eq!(
        repaired(&format!("{model}a = m.layers[0].output_shape")),
        format!("{model}a = m.layers[0].output.shape")
    );
    assert_eq!(repaired(&format!("{model}a = m.count_params")), format!("{model}a = m.count_params()"));
    assert_eq!(codes(&format!("{model}a = m.get_layer('x')")), [Code::E110]);
    assert_eq!(codes(&format!("{model}a = m.get_layer(index=1)")), [Code::E110]);
    assert_eq!(codes(&format!("{model}a = m.get_layer()")), [Code::E111]);
}

#[test]
fn training_methods_are_told_where_they_belong() {
    let model = "m = Sequential([Input((3,)), Dense(2)])\n";
    for method in ["fit", "evaluate", "predict", "load_weights", "save"] {
        assert_eq!(codes(&format!("{model}m.{method}('x')")), [Code::E103], "{method}");
    }
    assert_eq!(codes(&format!("{model}m.compile(optimizer='adam', loss=undefined)")), [Code::N102]);
}

#[test]
fn only_layers_can_be_added() {
    for (item, shown) in
        [("3", "3"), ("Dense", "Dense"), ("[Dense(2)]", "[Dense(2)]"), ("None", "None"), ("'relu'", "'relu'")]
    {
        let text = format!("m = Sequential([Input((3,))])\nm.add({item})");
        assert_eq!(only(&text).code, Code::E122);
        assert_eq!(underlined(&text), shown);
    }
    assert_eq!(repaired("m = Sequential(Dense(2, input_dim=3))"), "m = Sequential([Dense(2, input_dim=3)])");
    assert_eq!(codes("a = Sequential([Input((3,)), Dense(2)])\nm = Sequential([a])"), [Code::E124]);
    clean("a = Sequential([Input((3,)), Dense(2)])\nm = Sequential([a, Dense(4)])\nassert m.input_shape == (None, 3)");
}

#[test]
fn inputs_come_first_and_once() {
    assert_eq!(codes("m = Sequential([Input((3,)), Input((3,)), Dense(2)])"), [Code::E123]);
    assert_eq!(codes("m = Sequential([Dense(2), Input((3,))])"), [Code::E123]);
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2)])\nm.build((None, 4))"), [Code::E119]);
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2)])\nm.build((None, 3))"), []);
    assert_eq!(codes("m = Sequential()\nm.build((None, 4))"), [Code::E125]);
    assert_eq!(codes("m = Sequential([Dense(2)])\nm.build(4)"), [Code::E118]);
    assert_eq!(codes("m = Sequential()\nm.pop()"), [Code::E125, Code::E110]);
}

#[test]
fn names_are_unique_in_a_model() {
    let text = "m = Sequential([Input((3,), name='a'), Dense(2, name='a')])";
    assert_eq!(only(text).code, Code::E120);
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2, name='dense'), Dense(2)])"), [Code::E120]);
    assert_eq!(codes("m = Sequential([Input((3,))])\nfor i in range(9): m.add(Dense(3, name='d'))"), [Code::E120]);
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2, name='a/b')])"), [Code::E121]);
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2, name=3)])"), [Code::E121]);
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2)], name='a/b')"), [Code::E121]);
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2, name='b c'), Dense(3, name='')])"), []);
}

#[test]
fn a_shared_layer_counts_once_and_keeps_its_weights() {
    let compiled = clean("d = Dense(3)\nm = Sequential([Input((3,)), d, d])\nassert m.count_params() == 12");
    let model = &compiled.models[0];
    assert_eq!((model.total_params(), model.layers().len()), (12, 2));
    assert_eq!(codes("d = Dense(4)\nm = Sequential([Input((3,)), d, d])"), [Code::E292]);
    assert_eq!(codes("d = Dense(4)\nm = Sequential([Input((2, 3)), TimeDistributed(d), d])"), [Code::E292]);
}

/// The keys of a model's weights, and its parameters.
fn keys_and_params(text: &str, model: usize) -> (Vec<String>, u64) {
    let compiled = clean(text);
    let model = &compiled.models[model];
    let mut keys = crate::weights::keys(&model.graph);
    keys.sort();
    (keys, model.total_params())
}

#[test]
fn what_layers_share_has_the_path_of_the_first_and_counts_once() {
    let of = |text: &str| keys_and_params(text, 0);
    let (first, second) = ("time_distributed/dense", "dense");
    let wrapped = of("d = Dense(4)\nm = Sequential([Input((2, 4)), TimeDistributed(d), d])");
    assert_eq!(wrapped, (vec![format!("{first}/bias"), format!("{first}/kernel")], 20));
    let alone = of("d = Dense(4)\nm = Sequential([Input((2, 4)), d, TimeDistributed(d)])");
    assert_eq!(alone, (vec![format!("{second}/bias"), format!("{second}/kernel")], 20));
    let nested = "d = Dense(4)\ns = Sequential([Input((4,)), d])\nx = Input((4,))\nm = Model(x, [s(x), d(x)])";
    assert_eq!(
        keys_and_params(nested, 1),
        (vec!["sequential/dense/bias".into(), "sequential/dense/kernel".into()], 20)
    );
    let copied = of("l = GRU(4, return_sequences=True)\nm = Sequential([Input((2, 8)), Bidirectional(l), l])");
    assert_eq!((copied.0.len(), copied.1), (9, 3 * 168));
}

#[test]
fn a_cell_inside_a_layer_and_called_by_itself_has_one_set_of_weights() {
    let text = "cell = GRUCell(4)\nx = Input((5, 3))\ny = RNN(cell)(x)\nh = Input((4,))\n\
                both = Model([x, h], [y, cell(x[:, 0], h)[0]])\nf = Input((3,))\nz, h1 = cell(f, h)\n\
                step = Model([f, h], [z, h1])";
    let keys =
        ["rnn/gru_cell/bias", "rnn/gru_cell/kernel", "rnn/gru_cell/recurrent_kernel"].map(str::to_owned).to_vec();
    assert_eq!(keys_and_params(text, 0), (keys.clone(), 108));
    assert_eq!(keys_and_params(text, 1), (keys, 108));
    let twice = "same = LSTMCell(4)\nm = Sequential([Input((5, 4)), RNN([same, same])])";
    assert_eq!(keys_and_params(twice, 0).1, 144);
    assert_eq!(
        codes("c = GRUCell(4)\nx = Input((5, 3))\ny = RNN(c)(x)\nz = RNN(c)(RepeatVector(2)(y))")[..1],
        [Code::E292]
    );
}

#[test]
fn a_model_without_input_or_layers_is_an_error_with_the_line_to_add() {
    let text = "m = Sequential()\nm.add(LSTM(2))\nm.add(Dense(2))";
    assert_eq!(underlined(text), "LSTM(2)");
    assert_eq!(
        repaired(text),
        "m = Sequential()\nm.add(Input(shape=(timesteps, features)))\nm.add(LSTM(2))\nm.add(Dense(2))"
    );
    let inline = repaired("m = Sequential([Dense(2)])");
    assert_eq!(inline, "m = Sequential([Input(shape=(features,)), Dense(2)])");
    assert_eq!(codes("m = Sequential()"), [Code::E125]);
    assert_eq!(codes("a = 1"), [Code::W103]);
}

#[test]
fn a_rebound_model_is_no_candidate_and_may_be_unfinished() {
    let compiled = clean(
        "model = Sequential()\nmodel = Sequential([Input((3,)), Dense(2)])\nold = model\nmodel = Sequential([Input((3,)), Dense(7)])",
    );
    let listed: Vec<_> = compiled.listed().iter().map(|model| model.variable.clone().unwrap()).collect();
    assert_eq!(listed, ["old", "model"]);
    assert_eq!(compiled.select(None).unwrap().output_shape().to_string(), "(None, 7)");
}

#[test]
fn the_model_to_compile_is_chosen_by_variable() {
    let two = compile("a = Sequential([Input((3,)), Dense(2)])\nb = Sequential([Input((3,)), Dense(2)])");
    assert_eq!(two.select(None).unwrap_err().code, Code::E127);
    assert_eq!(two.select(Some("b")).unwrap().name, "sequential_1");
    assert_eq!(two.select(Some("c")).unwrap_err().code, Code::E128);
    assert_eq!(compile("a = 1").select(None).unwrap_err().code, Code::E129);
    let unbound = clean("Sequential([Input((3,)), Dense(2)])");
    assert_eq!(unbound.select(None).unwrap().variable, None);
}

#[test]
fn summaries_are_asked_for_by_model() {
    let compiled = clean(
        "a = Sequential([Input((3,)), Dense(2)])\nb = Sequential([Input((3,)), Dense(2)])\nb.summary()\na.summary(line_length=80)",
    );
    assert_eq!(compiled.summaries_requested, [1, 0]);
}

#[test]
fn frozen_layers_count_as_keras_counts_them() {
    let counts = |layers: &str| {
        let compiled = clean(&format!("m = Sequential([Input((3, 4)), {layers})"));
        let model = &compiled.models[0];
        (model.total_params(), model.trainable_params(), model.layers()[0].trainable_params)
    };
    assert_eq!(counts("LSTM(4), Dense(2)], trainable=False"), (154, 0, 144));
    assert_eq!(counts("LSTM(4, trainable=False), Dense(2)]"), (154, 10, 0));
    assert_eq!(counts("Bidirectional(LSTM(4, trainable=False)), Dense(2)]"), (306, 18, 0));
    assert_eq!(counts("Bidirectional(LSTM(4), trainable=False), Dense(2)]"), (306, 306, 0));
    assert_eq!(counts("TimeDistributed(BatchNormalization(), trainable=False)]"), (16, 8, 0));
}

#[test]
fn a_functional_chain_is_a_model() {
    let compiled = clean(
        "inputs = Input((5, 3), name='signal')\nx = LSTM(4, return_sequences=True)(inputs)\n\
         x = Dropout(0.2)(x, training=False)\nmodel = Model(inputs=[inputs], outputs=Dense(2)(x))\n\
         assert model.input[0].shape == (None, 5, 3) and model.output.shape == (None, 5, 2)\n\
         assert len(model.layers) == 4 and model.get_layer(index=0).name == 'signal'\nassert model.count_params() == 138",
    );
    let model = &compiled.models[0];
    assert_eq!((model.class, model.name.as_str(), model.total_params()), ("Functional", "functional", 138));
    let names: Vec<_> = model.layers().into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["signal", "lstm", "dropout", "dense"]);
}

#[test]
fn a_layer_that_is_called_twice_counts_once() {
    let text = "i = Input((5, 3))\nd = Dense(3)\nmodel = Model(i, d(d(i)), name='twice', trainable=False)";
    let compiled = clean(text);
    let model = &compiled.models[0];
    assert_eq!((model.total_params(), model.trainable_params(), model.layers().len()), (12, 0, 2));
    let inner = "i = Input((5, 3))\nd = Dense(4)\nmodel = Model(i, d(d(i)))";
    assert_eq!(codes(inner), [Code::E292]);
}

#[test]
fn mistakes_of_functional_models() {
    let shape = "a = Input((5, 3))\nb = Input((5, 3))\n";
    let of = |text: &str| codes(&format!("{shape}{text}"));
    assert_eq!(of("model = Model(b, LSTM(4)(a))"), [Code::E135]);
    assert_eq!(of("model = Model(a, LSTM(4))"), [Code::E115]);
    assert_eq!(of("model = Model([], LSTM(4)(a))"), [Code::E115]);
    assert_eq!(of("model = Model(1, 'x')"), [Code::E115, Code::E115]);
    assert_eq!(of("model = Model(outputs=a)"), [Code::E111]);
    assert_eq!(of("model = Model(a, Dense(2, name='x')(Dense(2, name='x')(a)))"), [Code::E120]);
    assert_eq!(of("x = LSTM(4)([a])"), [Code::E115]);
    assert_eq!(of("x = Dense(4)(a, b)"), [Code::E114]);
    assert_eq!(of("x = LSTM(4)(a, b, b)"), [Code::E145]);
    assert_eq!(of("x = LSTM(4)(a, None, None, b)"), [Code::E114]);
    assert_eq!(of("x = LSTM(4)(a, b)"), [Code::E219]);
    assert_eq!(of("x = GRU(4)(a, b)"), [Code::E220]);
    assert_eq!(of("x = GRU(4)(a, initial_state=[3])"), [Code::E115]);
    assert_eq!(of("x = Dense(4)(a, initial_state=b)"), [Code::E112]);
    assert_eq!(of("m = Sequential([Input((5, 3)), GRU(4, return_state=True), Dense(2)])"), [Code::E201]);
    assert_eq!(of("x = TimeDistributed(GRU(4, return_state=True))"), [Code::E225]);
    assert_eq!(of("x = LSTM(4)(a, training=True)"), [Code::E103]);
    assert_eq!(of("x = LSTM(4)(a, steps=3)"), [Code::E112]);
    assert_eq!(of("x = LSTM(4)(LSTM(4)(a))\nmodel = Model(a, x)"), [Code::E204]);
    assert_eq!(of("model = Model(a, LSTM(4)(a))\nmodel.add(Dense(2))"), [Code::E106]);
    assert_eq!(of("model = Sequential([LSTM(4)(a)])"), [Code::E122]);
}

#[test]
fn what_functional_models_lack_is_said() {
    let shape = "a = Input((5, 3))\nb = Input((5, 3))\n";
    let of = |text: &str| codes(&format!("{shape}{text}"));
    assert_eq!(of("y = keras.ops.unfold(a, 2)"), [Code::E104]);
    assert_eq!(of("y = keras.ops.cast(a, 'float16')"), [Code::E105]);
    assert_eq!(of("y = not a"), [Code::E108]);
    assert_eq!(of("model = Model(a, Dense(2)(keras.ops.cast(a, 'float64')))"), [Code::E147]);
}

#[test]
fn models_are_layers_of_models() {
    let shape = "a = Input((5, 3))\nm = Model(a, Dense(2)(LSTM(4)(a)), name='m')\nb = Input((5, 3))\n";
    let of = |text: &str| codes(&format!("{shape}{text}"));
    assert_eq!(of("n = Model(b, [m(b), m(-b)])\nassert n.count_params() == m.count_params() == 138"), []);
    assert_eq!(of("n = Sequential([Input((5, 3)), m])\nassert n.output_shape == (None, 2)"), []);
    assert_eq!(of("s = Sequential([Dense(3)])\nn = Sequential([Input((5, 3)), s, m])\nassert s.built"), []);
    assert_eq!(of("n = Model(b, m(Dense(4)(b)))"), [Code::E220]);
    assert_eq!(of("s = Sequential([Dense(3)])\nn = Sequential([s, m])"), [Code::E124, Code::E134]);
    assert_eq!(of("n = Sequential()\nn.add(n)"), [Code::E122]);
    assert_eq!(of("p = Model([a, b], a + b)\nn = Model(b, p([b, b, b]))"), [Code::E219]);
    assert_eq!(of("p = Model([a, b], a + b)\nn = Model(b, p(b))"), [Code::E136]);
}

#[test]
fn operations_are_no_layers_and_parts_of_models_are_models() {
    let text = "a = Input((5, 3), name='a')\nx = LSTM(4, name='x')(a)\ny = Dense(2)(x * 2.0)\nmodel = Model(a, y)\n\
                part = Model(model.input, model.get_layer('x').output)\n\
                assert len(model.layers) == 3 and model.get_layer(index=1).name == 'x' and part.output_shape == (None, 4)";
    assert_eq!(codes(text), []);
    assert_eq!(codes(&format!("{text}\nmodel.get_layer('multiply')")), [Code::E110]);
}

#[test]
fn graphs_have_several_inputs_and_outputs() {
    let text = "a = Input((5, 3), name='a')\nb = Input((5, 3), name='b')\nx = Add()([a, b])\n\
                y = LSTM(4, name='y')(x)\nmodel = Model({'q': b, 'p': a}, [y, x])\n\
                assert model.input_shape == {'q': (None, 5, 3), 'p': (None, 5, 3)}\n\
                assert model.output_shape == [(None, 4), (None, 5, 3)] and len(model.inputs) == 2";
    let compiled = clean(text);
    assert_eq!(compiled.diagnostics, []);
    let model = &compiled.models[0];
    assert_eq!(model.input_names, ["p", "q"]);
    assert_eq!(model.output_names, ["y", "add"]);
    assert_eq!(codes("a = Input((5, 3))\nmodel = Model([a, Input((2,))], LSTM(4)(a))"), [Code::W105]);
    assert_eq!(codes("a = Input((5, 3))\nb = Input((5, 3))\nmodel = Model(a, Add()([a, b]))"), [Code::E135]);
    assert_eq!(codes("a = Input((5, 3))\nmodel = Model(a, Add()(a))"), [Code::E136]);
    assert_eq!(codes("a = Input((5, 3))\nmodel = Model(a, Add()([a, 3]))"), [Code::E115]);
}

#[test]
fn a_syntax_mistake_stops_before_evaluation() {
    let all = codes("model = Sequential([)\nx = undefined");
    assert!(all.iter().all(|code| code.as_str().starts_with("E0")), "{all:?}");
}

#[test]
fn states_of_cells_are_grouped_by_cells() {
    let begin = "x = Input((5, 3))\nm0 = Model(x, Dense(2)(x))\n";
    let of = |text: &str| codes(&format!("{begin}{text}"));
    assert_eq!(
        of("y, (h, c), g = RNN([LSTMCell(3), GRUCell(2)], return_state=True)(x)\nassert g.shape == (None, 2)"),
        []
    );
    assert_eq!(of("y, h, c = RNN(LSTMCell(3), return_state=True)(x)"), []);
    assert_eq!(of("y, *s = RNN([LSTMCell(3)], return_state=True)(x)\nz = RNN([LSTMCell(3)])(x, initial_state=s)"), []);
    let given = "y, h, c = LSTM(3, return_state=True)(x)\n";
    assert_eq!(of(&format!("{given}z = RNN([LSTMCell(3)])(x, initial_state=[h, c])")), [Code::E142]);
    assert_eq!(of(&format!("{given}z = RNN(LSTMCell(3))(x, initial_state=[h, c])")), []);
    assert_eq!(of(&format!("{given}z = RNN(LSTMCell(3))(x, initial_state=[h])")), [Code::E142]);
}

#[test]
fn models_begin_behind_the_layers_of_others() {
    let begin = "x = Input((5, 3))\nh = LSTM(4, return_sequences=True, name='enc')(x)\ny = Dense(2)(h)\n";
    let of = |text: &str| codes(&format!("{begin}{text}"));
    let whole = "m = Model(x, y)\nn = Model(m.get_layer('enc').output, m.output)\n";
    assert_eq!(of(&format!("{whole}assert n.layers[0].name == 'keras_tensor_1CLONE' and n.count_params() == 10")), []);
    assert_eq!(of(&format!("{whole}assert n.input_shape == (None, 5, 4) and n.layers[1].name == 'dense'")), []);
    assert_eq!(of("n = Model(h, h)"), [Code::E144]);
    assert_eq!(of("n = Model(y, Add()([Dense(2)(h), y]))"), [Code::E135]);
    assert_eq!(of("m = Model(x, {'o': y})\nassert m(x)['o'].shape == (None, 5, 2)"), []);
    assert_eq!(of("m = Model({'i': x}, y)\nz = m({'i': x})\nz = m({'j': x})"), [Code::E115]);
}

#[test]
fn sequentials_are_built_once_a_list_and_once_a_layer_that_is_added() {
    let name = |text: &str, name: &str| {
        codes(&format!("x = Input((3,))\n{text}\nassert Model(x, Dense(1)(x)).name == '{name}'"))
    };
    assert_eq!(name("s = Sequential([Input((3,)), Dense(2), Dense(2)])", "functional_1"), []);
    let added = "s = Sequential()\ns.add(Input((3,)))\ns.add(Dense(2))\ns.add(Dense(2))";
    assert_eq!(name(added, "functional_2"), []);
    assert_eq!(name("s = Sequential([Dense(2), Dense(2)])\ny = s(x)", "functional_1"), []);
}

#[test]
fn comprehensions_f_strings_and_stars() {
    let of = |text: &str| codes(&format!("m0 = Sequential([Input((3,)), Dense(2)])\n{text}"));
    assert_eq!(of("a = 7\nx = [a * 2 for a in range(4) if a != 1 if a < 3]\nassert x == [0, 4] and a == 7"), []);
    assert_eq!(of("x = [f'{a}{b}' for a in 'xy' for b in range(2)]\nassert x == ['x0', 'x1', 'y0', 'y1']"), []);
    assert_eq!(of("x = [a for a in range(2)]\ny = a"), [Code::E101]);
    assert_eq!(of("x = [a for a in 3]\ny = x[0]"), [Code::E133]);
    assert_eq!(of("n = 3\nassert f'l_{n:02d}_{n / 2:.1f}_{n!r}{{}}' == 'l_03_1.5_3{}'"), []);
    assert_eq!(of("x = f'{undefined}'"), [Code::E101]);
    assert_eq!(of("x = f'{1.5:d}'"), [Code::E108]);
    assert_eq!(of("a, *b, c = 1, 2, 3, 4\nassert b == [2, 3] and c == 4\nd, *e = [1]\nassert e == []"), []);
    assert_eq!(of("a, *b, c = [1]"), [Code::E133]);
    assert_eq!(of("a = [1, 2]\nassert [0, *a, *range(2)] == [0, 1, 2, 0, 1]"), []);
    assert_eq!(of("o = {'activation': 'relu', 'name': 'a'}\nd = Dense(*[3], **o)\nassert d.name == 'a'"), []);
    assert_eq!(of("d = Dense(3, **undefined)\ne = Dense(*undefined)"), [Code::E101]);
    assert_eq!(
        of("m = Sequential([Input((3,)), *[Dense(n) for n in (2, 3)]])\nassert m.output_shape == (None, 3)"),
        []
    );
}

#[test]
fn models_go_over_time() {
    let begin = "x = Input((5, 4))\nm = Model(x, Dense(2)(LSTM(3)(x)), name='inner')\n";
    let of = |text: &str| codes(&format!("{begin}{text}"));
    let outer = "n = Sequential([Input((7, 5, 4)), TimeDistributed(m)])\n";
    assert_eq!(of(&format!("{outer}assert n.output_shape == (None, 7, 2) and n.count_params() == 104")), []);
    assert_eq!(of("n = TimeDistributed(Model(x, Add()([x, Dense(4)(x)])))"), []);
    assert_eq!(of("n = TimeDistributed(Sequential([Dense(2)]))"), [Code::E134]);
    assert_eq!(of("n = Bidirectional(m)"), [Code::E216]);
}
