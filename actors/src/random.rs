//! Randomness from the operating system.

/// `N` random bytes.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has randomness once it has started");
    bytes
}

/// A random number.
#[must_use]
pub fn random_u64() -> u64 {
    u64::from_be_bytes(random_bytes())
}

/// Random lower-case hexadecimal digits, two per byte.
#[must_use]
pub fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).expect("the operating system has randomness once it has started");
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
