# Short names for the commands of CONTRIBUTING.md.

# The main job: the digits example.
digits:
    cargo run --release --bin digits

# All tests.
test:
    cargo test --workspace

# What the gate checks before anything else.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --exclude rnn-tests --all-targets -- -D warnings

# Rewrites the expected output of the UI tests; read the diff afterwards.
bless:
    BLESS=1 cargo test --workspace

# The whole gate.
ci:
    bash .ci/run
