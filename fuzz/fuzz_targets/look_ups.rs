#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| waypost_fuzz::look_ups(data));

#[cfg(not(fuzzing))]
fn main() {
    waypost_fuzz::replay_arguments(waypost_fuzz::look_ups);
}
