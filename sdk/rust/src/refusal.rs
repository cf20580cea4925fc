//! Refusing a message: the handling ends at once, nothing of it counts, and its sender learns why (SPEC 1.5).

use crate::{host, memory, Address, Hash, String};

/// Refuses the message; says why with one or more pieces of text, numbers, addresses: `refuse!("no bid under ", least)`.
#[macro_export]
macro_rules! refuse {
    ($one:literal) => { $crate::refuse($one) };
    ($($piece:expr),+ $(,)?) => {{
        let mut text = $crate::Text::new();
        $(text = text.and(&$piece);)+
        $crate::refuse(text)
    }};
}

/// Refuses the message unless the condition holds: `require!(amount > 0, "nothing to send")`.
#[macro_export]
macro_rules! require {
    ($condition:expr, $($piece:expr),+ $(,)?) => {
        if !$condition {
            $crate::refuse!($($piece),+)
        }
    };
}

/// Refuses the message, saying why.
#[cold]
pub fn refuse(why: impl Reason) -> ! {
    host::fail(why.bytes())
}

/// A whole reason.
pub trait Reason {
    #[doc(hidden)]
    fn bytes(&self) -> &[u8];
}

impl Reason for &str {
    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Reason for String {
    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Reason for Text {
    fn bytes(&self) -> &[u8] {
        unsafe { core::slice::from_raw_parts(self.at, self.length) }
    }
}

/// What a method may return: nothing, values, or a Result whose error refuses the message, so that `?` can be used.
pub trait Outcome {
    /// What the method yields if it doesn't refuse.
    type Yield;
    #[doc(hidden)]
    fn settle(self) -> Self::Yield;
}

impl<T: crate::Encode> Outcome for T {
    type Yield = T;
    fn settle(self) -> T {
        self
    }
}

impl<T, R: Reason> Outcome for Result<T, R> {
    type Yield = T;
    fn settle(self) -> T {
        match self {
            Ok(v) => v,
            Err(why) => refuse(why),
        }
    }
}

/// A short text, put together in free memory and without core::fmt, which would be most of a small contract. What is
/// behind 256 bytes, the longest reason, is dropped.
pub struct Text {
    at: *mut u8,
    length: usize,
}

impl Text {
    /// No text.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Text {
        Text { at: memory::keep(256).as_mut_ptr(), length: 0 }
    }

    /// The text with a piece behind it.
    #[inline(never)]
    pub fn and<S: Say + ?Sized>(mut self, piece: &S) -> Text {
        piece.say(&mut self);
        self
    }

    fn push(&mut self, b: u8) {
        if self.length < 256 {
            unsafe { self.at.add(self.length).write(b) };
            self.length += 1;
        }
    }

    fn push_all(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.push(*b);
        }
    }
}

/// What a `Text` can hold.
pub trait Say {
    /// Appends it.
    fn say(&self, t: &mut Text);
}

impl Say for str {
    fn say(&self, t: &mut Text) {
        t.push_all(self.as_bytes())
    }
}

impl Say for String {
    fn say(&self, t: &mut Text) {
        self.as_str().say(t)
    }
}

impl<T: Say + ?Sized> Say for &T {
    fn say(&self, t: &mut Text) {
        (**self).say(t)
    }
}

impl Say for u128 {
    /// Divides four limbs of 32 bits by ten: division of u128 itself would bring a kilobyte of code with it.
    fn say(&self, t: &mut Text) {
        let mut limbs = [(*self >> 96) as u32, (*self >> 64) as u32, (*self >> 32) as u32, *self as u32];
        let mut digits = [0; 39];
        let mut at = digits.len();
        while at == digits.len() || limbs != [0; 4] {
            let mut rest = 0;
            for limb in &mut limbs {
                let v = rest << 32 | *limb as u64;
                *limb = (v / 10) as u32;
                rest = v % 10;
            }
            at -= 1;
            digits[at] = b'0' + rest as u8;
        }
        t.push_all(&digits[at..])
    }
}

macro_rules! small {
    ($($t:ident)*) => {$(
        impl Say for $t {
            fn say(&self, t: &mut Text) { (*self as u128).say(t) }
        }
    )*};
}

small! { u8 u16 u32 u64 usize }

impl Say for i64 {
    fn say(&self, t: &mut Text) {
        if *self < 0 {
            t.push(b'-');
        }
        self.unsigned_abs().say(t)
    }
}

impl Say for Hash {
    /// Hexadecimal.
    fn say(&self, t: &mut Text) {
        for b in self.0 {
            for digit in [b >> 4, b & 15] {
                t.push(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
            }
        }
    }
}

impl Say for Address {
    /// The text form tk1…, bech32m (BIP 350): 24 bytes as 39 letters of five bits, then six that check them.
    fn say(&self, t: &mut Text) {
        const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        // The check after the prefix "tk", spread as BIP 173 says: its high bits, 0, its low bits.
        let mut check = [3, 3, 0, b't' & 31, b'k' & 31].into_iter().fold(1, polymod);
        t.push_all(b"tk1");
        for i in 0..39 {
            let (at, bit) = (5 * i / 8, 5 * i % 8);
            let pair = u16::from_be_bytes([self.0[at], *self.0.get(at + 1).unwrap_or(&0)]);
            let letter = (pair >> (11 - bit) & 31) as u8;
            check = polymod(check, letter);
            t.push(LETTERS[letter as usize]);
        }
        check = [0; 6].into_iter().fold(check, polymod) ^ 0x2bc830a3;
        for i in (0..6).rev() {
            t.push(LETTERS[(check >> (5 * i) & 31) as usize]);
        }
    }
}

fn polymod(check: u32, letter: u8) -> u32 {
    let top = check >> 25;
    let mut next = (check & 0x1ffffff) << 5 ^ letter as u32;
    for (i, g) in [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].into_iter().enumerate() {
        if top >> i & 1 == 1 {
            next ^= g;
        }
    }
    next
}
