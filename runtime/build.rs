//! Tells the kernels whether a RISC-V target has the F extension. Stable Rust keeps that from a crate's `cfg`, but the
//! target's name says it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(riscv_f)");
    let target = std::env::var("TARGET").unwrap_or_default();
    if has_f(&target) {
        println!("cargo::rustc-cfg=riscv_f");
    }
}

/// `riscv32imafc-…` and `riscv64gc-…` do, as does the profile in `riscv64a23-…`; `riscv32imc-…` does not.
fn has_f(target: &str) -> bool {
    let architecture = target.split('-').next().unwrap_or_default();
    let extensions = architecture.strip_prefix("riscv32").or_else(|| architecture.strip_prefix("riscv64"));
    extensions.is_some_and(|extensions| extensions.contains(['f', 'g']) || extensions == "a23")
}
