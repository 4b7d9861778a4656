"""What the workloads are: layers, shapes, and whether every step or only the last one comes out. Names are their folders'."""

WORKLOADS = {
    "w1_lstm20": dict(layers=[("lstm", 20), ("dense", 1)], features=1, timesteps=64, batch=1, every_step=True),
    "w1_lstm40": dict(layers=[("lstm", 40), ("dense", 1)], features=1, timesteps=64, batch=1, every_step=True),
    "w1_gru8": dict(layers=[("gru", 8), ("dense", 1)], features=1, timesteps=64, batch=1, every_step=True),
    "w2_lstm128": dict(layers=[("lstm", 128)], features=64, timesteps=100, batch=1, every_step=False),
    "w3_gru256": dict(layers=[("gru", 256)], features=128, timesteps=100, batch=1, every_step=False),
    "w4_bilstm64": dict(layers=[("bilstm", 64), ("bilstm", 64), ("dense", 10)], features=32, timesteps=100, batch=1,
                        every_step=True),
    "w5_rnn8": dict(layers=[("rnn", 8)], features=4, timesteps=10, batch=1, every_step=False),
    "w6_lstm512": dict(layers=[("lstm", 512)], features=512, timesteps=50, batch=1, every_step=False),
    "w7_lstm128_b32": dict(layers=[("lstm", 128)], features=64, timesteps=100, batch=32, every_step=False),
}


def timesteps(name):
    """Time steps of a workload, also of its one-step-a-call form `NAME_t1`."""
    return WORKLOADS[name.removesuffix("_t1")]["timesteps"]
