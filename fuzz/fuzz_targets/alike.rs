#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wholejson_fuzz::check("alike", data));
