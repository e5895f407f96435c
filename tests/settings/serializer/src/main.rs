//! Reads configs as JSON, one per line, and prints each as compat's serializers write it: a JSON list per line.

use std::io::{self, BufRead};

fn main() {
    for line in io::stdin().lock().lines() {
        let line = line.expect("UTF-8");
        let config: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let written = [
            old::to_string(&config).expect("serde_yaml 0.8"),
            new::to_string(&config).expect("serde_yaml 0.9"),
        ];
        println!("{}", serde_json::to_string(&written).expect("text"));
    }
}
