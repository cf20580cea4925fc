//! Real work without a host: `thinkey bench wasm` runs it with its gas counted and without, and compares the times.
//! contracts/wasm/testdata/work has the same in Go. Nothing here allocates but once: memory is never given back.

use thinkey::{refuse, String, Vec};

/// What there is to do, by its number in the query work.
pub fn work(kind: u32, rounds: u32) -> u64 {
    match kind {
        0 => hash(rounds),
        1 => sort(rounds),
        2 => text(rounds),
        3 => read(rounds),
        _ => refuse!("no such work: ", kind),
    }
}

/// A generator of numbers that no compiler knows (xorshift).
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// The constants of SHA-256: the first bits of the cube roots of the first 64 primes.
const ROOTS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// One block of SHA-256 after the other, each made of the sum of the one before.
fn hash(rounds: u32) -> u64 {
    let mut sum: [u32; 8] = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    let mut words = [0u32; 64];
    for round in 0..rounds {
        for i in 0..16 {
            words[i] = sum[i % 8] ^ round;
        }
        block(&mut sum, &mut words);
    }
    (sum[0] as u64) << 32 | sum[1] as u64
}

fn block(sum: &mut [u32; 8], w: &mut [u32; 64]) {
    for i in 16..64 {
        let a = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ w[i - 15] >> 3;
        let b = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16].wrapping_add(a).wrapping_add(w[i - 7]).wrapping_add(b);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *sum;
    for i in 0..64 {
        let s = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let t = h.wrapping_add(s).wrapping_add(e & f ^ !e & g).wrapping_add(ROOTS[i]).wrapping_add(w[i]);
        let u = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        h = g;
        g = f;
        f = e;
        e = d.wrapping_add(t);
        d = c;
        c = b;
        b = a;
        a = t.wrapping_add(u).wrapping_add(a & b ^ a & c ^ b & c);
    }
    for (s, v) in sum.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *s = s.wrapping_add(v);
    }
}

/// Sorts a list, again and again, and looks numbers up in it.
fn sort(rounds: u32) -> u64 {
    let (mut numbers, mut found) = (Numbers(1), 0);
    let mut list: Vec<u32> = Vec::with_capacity(2000);
    for _ in 0..rounds {
        list.clear();
        for _ in 0..2000 {
            list.push(numbers.next());
        }
        list.sort_unstable();
        for _ in 0..200 {
            found += list.binary_search(&numbers.next()).unwrap_or_else(|at| at) as u64;
        }
    }
    found
}

/// Builds lines of words and numbers, and counts their letters.
fn text(rounds: u32) -> u64 {
    let mut numbers = Numbers(2);
    let mut line = String::with_capacity(4096);
    let mut sum = 0u64;
    for _ in 0..rounds {
        line.clear();
        for word in ["payment", "of", "to", "the", "holder", "at", "height"] {
            line.push_str(word);
            line.push(' ');
            number(&mut line, numbers.next());
            line.push_str(if line.contains("99") { ";" } else { ", " });
        }
        sum += line.split(' ').filter(|w| w.ends_with(',')).map(|w| w.len() as u64).sum::<u64>();
        sum += line.chars().rev().filter(char::is_ascii_digit).count() as u64;
    }
    sum
}

fn number(to: &mut String, n: u32) {
    if n >= 10 {
        number(to, n / 10);
    }
    to.push((b'0' + (n % 10) as u8) as char);
}

const DOCUMENT: &str = r#"{"height": 120934, "parent": "9f86d081884c7d65", "accounts": [
  {"name": "alice", "balance": 1000000, "tags": ["first", "with \"quotes\" in it"], "open": true},
  {"name": "bob", "balance": -77, "tags": [], "open": false, "more": {"nested": [1, 2, [3, [4, [5]]]], "none": null}},
  {"name": "caro\u006c", "balance": 31415926, "tags": ["a", "b", "c", "d", "e", "f"], "open": true}],
  "fees": {"gas": 21000, "price": 3, "left": [0, 10, 200, 3000, 40000, 500000, 6000000]}, "final": true}"#;

/// Reads a JSON document, and sums up what is in it.
fn read(rounds: u32) -> u64 {
    let mut sum = 0;
    for round in 0..rounds {
        let mut d = Document { bytes: DOCUMENT.as_bytes(), at: 0 };
        sum += d.value() + round as u64;
    }
    sum
}

struct Document<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Document<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) -> u8 {
        while matches!(self.peek(), b' ' | b'\n' | b',' | b':') {
            self.at += 1;
        }
        self.peek()
    }

    fn value(&mut self) -> u64 {
        match self.space() {
            b'{' => self.several(b'}'),
            b'[' => self.several(b']'),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn several(&mut self, end: u8) -> u64 {
        self.at += 1;
        let mut sum = 0;
        while self.space() != end {
            sum += self.value();
        }
        self.at += 1;
        sum
    }

    fn string(&mut self) -> u64 {
        self.at += 1;
        let mut sum = 0;
        loop {
            let c = self.peek();
            self.at += 1;
            match c {
                b'"' | 0 => return sum,
                b'\\' => self.at += 1,
                _ => sum = (sum * 31 + c as u64) & 0xffff_ffff,
            }
        }
    }

    fn number(&mut self) -> u64 {
        let mut n = 0;
        loop {
            match self.peek() {
                c @ b'0'..=b'9' => n = n * 10 + (c - b'0') as u64,
                b'-' => n = 0,
                _ => return n,
            }
            self.at += 1;
        }
    }

    fn word(&mut self) -> u64 {
        let from = self.at;
        while self.peek().is_ascii_alphabetic() {
            self.at += 1;
        }
        match &self.bytes[from..self.at] {
            b"true" => 1,
            b"false" | b"null" => 0,
            _ => refuse!("neither true nor false at ", from as u32),
        }
    }
}
