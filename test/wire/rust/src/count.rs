//! One line per check, and the sum.

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use std::fmt::Debug;

pub type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
pub struct Count {
    passed: usize,
    failed: usize,
}

impl Count {
    pub fn check(&mut self, what: &str, good: bool, why: impl Debug) {
        if good {
            self.passed += 1;
            println!("ok  rust: {what}");
        } else {
            self.failed += 1;
            let text: String = format!("{why:?}").chars().take(400).collect();
            println!("FAIL rust: {what}: {text}");
        }
    }

    pub fn equal<T: PartialEq + Debug>(&mut self, what: &str, got: T, wanted: T) {
        let good = got == wanted;
        self.check(what, good, format!("{got:?}, not {wanted:?}"));
    }

    /// What a part answers as an error is its failure, and ends that part only.
    pub fn part<T>(&mut self, name: &str, outcome: Result<T, Failure>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(why) => {
                self.check(name, false, why);
                None
            }
        }
    }

    pub fn refused<T, E: ProvideErrorMetadata + Debug, R: Debug>(
        &mut self,
        what: &str,
        code: &str,
        message: &str,
        outcome: Result<T, SdkError<E, R>>,
    ) {
        match outcome {
            Ok(_) => self.check(what, false, "it was accepted"),
            Err(why) => {
                let told = (why.code().unwrap_or("").to_string(), why.message().unwrap_or("").to_string());
                self.equal(what, told, (code.to_string(), message.to_string()));
            }
        }
    }

    pub fn sum(&self) -> i32 {
        println!("{} passed, {} failed", self.passed, self.failed);
        i32::from(self.failed > 0 || self.passed == 0)
    }
}
