//! What one core of this machine can do, and from it the least time each workload could take.
//!
//! It prints a line per workload and instruction set like any other program, with the peer `floor-…`, and one line per
//! instruction set with the limits themselves. A floor is throughput (weights read at the bandwidth measured for that many
//! bytes, products at the peak rate of multiply-adds, activations at their own rate) plus, for cells so small that the
//! chain from state to state dominates, the latencies along that chain. The README says what is counted.

#[cfg(target_arch = "x86_64")]
mod floors;
#[cfg(target_arch = "x86_64")]
mod vector;

#[cfg(target_arch = "x86_64")]
fn main() {
    use std::arch::is_x86_feature_detected;

    if is_x86_feature_detected!("avx512f") {
        floors::print("avx512", &vector::Avx512);
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        floors::print("avx2", &vector::Avx2);
    }
    floors::print("sse2", &vector::Sse2);
}

#[cfg(not(target_arch = "x86_64"))]
fn main() {
    println!(r#"{{"peer":"floor","fail":"floors are measured on x86-64 only"}}"#);
}
