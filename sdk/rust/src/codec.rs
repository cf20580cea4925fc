//! How values are encoded (sdk/abi/schema.go): numbers big-endian and of fixed width, bytes and lists with a u32 before
//! them, an option with a byte before it, a struct as its fields. Every value has one encoding (R1).

use crate::schema::Type;
use crate::{memory, Address, Hash, String, Vec};

/// What can be encoded: values, references to them, str and slices, and tuples of up to eight of those.
pub trait Encode {
    /// The exact number of bytes that `write` writes.
    fn size(&self) -> usize;
    /// Appends the encoding.
    fn write(&self, w: &mut Writer);
}

/// What can be decoded too: a field of an input, of the state, of an entry. `value!` makes structs values.
pub trait Value: Encode + Sized {
    /// Its name in the schema.
    const TYPE: Type;
    /// The least number of bytes it takes: a list that claims more items than could follow is refused before memory is
    /// taken for them.
    const LEAST: usize;
    #[doc(hidden)]
    const TEXT: bool = false; // a string: as a key it stands without its length
    /// Reads one value, or refuses the message.
    fn read(r: &mut Reader) -> Self;

    #[doc(hidden)]
    fn write_list(list: &[Self], w: &mut Writer) {
        for v in list {
            v.write(w);
        }
    }

    #[doc(hidden)]
    fn read_list(n: usize, r: &mut Reader) -> Vec<Self> {
        let mut list = Vec::with_capacity(n);
        for _ in 0..n {
            list.push(Self::read(r));
        }
        list
    }
}

/// Appends to memory that was taken for it.
pub struct Writer {
    at: *mut u8,
    left: usize,
}

impl Writer {
    /// Appends bytes as they are.
    #[inline(always)]
    pub fn put(&mut self, bytes: &[u8]) {
        if bytes.len() > self.left {
            crate::host::trap() // a size that doesn't say what write writes
        }
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.at, bytes.len());
            self.at = self.at.add(bytes.len());
        }
        self.left -= bytes.len();
    }

    fn count(&mut self, n: usize) {
        self.put(&(n as u32).to_be_bytes());
    }
}

/// Reads values from bytes. Bytes that are no encoding refuse the message, so what was read is right (R2).
pub struct Reader<'a> {
    rest: &'a [u8],
    wrong: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of bytes; wrong is the reason of the refusal.
    pub fn new(bytes: &'a [u8], wrong: &'static str) -> Reader<'a> {
        Reader { rest: bytes, wrong }
    }

    /// Refuses the message unless everything was read.
    #[inline(always)]
    pub fn done(&self) {
        if !self.rest.is_empty() {
            self.refuse()
        }
    }

    /// Refuses the message for what was read.
    #[cold]
    #[inline(never)]
    pub fn refuse(&self) -> ! {
        crate::refuse(self.wrong)
    }

    /// The next N bytes.
    #[inline(always)]
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        match self.bytes(N).try_into() {
            Ok(a) => a,
            Err(_) => self.refuse(),
        }
    }

    /// The next n bytes.
    #[inline(always)]
    pub fn bytes(&mut self, n: usize) -> &'a [u8] {
        if self.rest.len() < n {
            self.refuse()
        }
        let (head, rest) = self.rest.split_at(n);
        self.rest = rest;
        head
    }

    /// A count of items that take at least least bytes each.
    fn count(&mut self, least: usize) -> usize {
        let n = u32::from_be_bytes(self.array()) as usize;
        if n > self.rest.len() / least.max(1) {
            self.refuse()
        }
        n
    }
}

/// The encoding of v.
pub fn encode<T: Encode + ?Sized>(v: &T) -> &'static [u8] {
    let n = v.size();
    let bytes = memory::keep(n);
    v.write(&mut Writer { at: bytes.as_mut_ptr(), left: n });
    bytes
}

/// Calls f with the encoding of v, and takes its memory back. f hands it to the host and keeps nothing.
pub(crate) fn lend<T: Encode + ?Sized>(v: &T, f: impl FnOnce(&[u8])) {
    let (mark, _) = memory::free();
    f(encode(v));
    unsafe { memory::release(mark) };
}

/// The value that bytes encode. If they don't, or something stands behind it, the message is refused with the reason
/// wrong.
pub fn decode<T: Value>(bytes: &[u8], wrong: &'static str) -> T {
    let mut r = Reader::new(bytes, wrong);
    let v = T::read(&mut r);
    r.done();
    v
}

macro_rules! numbers {
    ($($t:ident $bytes:literal,)*) => {$(
        impl Encode for $t {
            #[inline(always)]
            fn size(&self) -> usize { $bytes }
            #[inline(always)]
            fn write(&self, w: &mut Writer) { w.put(&self.to_be_bytes()) }
        }
        impl Value for $t {
            const TYPE: Type = Type::Name(stringify!($t));
            const LEAST: usize = $bytes;
            #[inline(always)]
            fn read(r: &mut Reader) -> $t { $t::from_be_bytes(r.array()) }
        }
    )*};
}

numbers! { u16 2, u32 4, u64 8, i64 8, u128 16, }

macro_rules! arrays {
    ($($t:ident $name:literal $bytes:literal,)*) => {$(
        impl Encode for $t {
            #[inline(always)]
            fn size(&self) -> usize { $bytes }
            #[inline(always)]
            fn write(&self, w: &mut Writer) { w.put(&self.0) }
        }
        impl Value for $t {
            const TYPE: Type = Type::Name($name);
            const LEAST: usize = $bytes;
            #[inline(always)]
            fn read(r: &mut Reader) -> $t { $t(r.array()) }
        }
    )*};
}

arrays! { Address "address" 24, Hash "hash" 32, }

impl Encode for u8 {
    fn size(&self) -> usize {
        1
    }
    fn write(&self, w: &mut Writer) {
        w.put(&[*self])
    }
}

impl Value for u8 {
    const TYPE: Type = Type::Byte;
    const LEAST: usize = 1;
    fn read(r: &mut Reader) -> u8 {
        r.array::<1>()[0]
    }
    fn write_list(list: &[u8], w: &mut Writer) {
        w.put(list)
    }
    fn read_list(n: usize, r: &mut Reader) -> Vec<u8> {
        r.bytes(n).into()
    }
}

impl Encode for bool {
    fn size(&self) -> usize {
        1
    }
    fn write(&self, w: &mut Writer) {
        w.put(&[*self as u8])
    }
}

impl Value for bool {
    const TYPE: Type = Type::Name("bool");
    const LEAST: usize = 1;
    fn read(r: &mut Reader) -> bool {
        let b = u8::read(r);
        if b > 1 {
            r.refuse()
        }
        b == 1
    }
}

impl Encode for str {
    fn size(&self) -> usize {
        4 + self.len()
    }
    fn write(&self, w: &mut Writer) {
        self.as_bytes().write(w)
    }
}

impl Encode for String {
    fn size(&self) -> usize {
        self.as_str().size()
    }
    fn write(&self, w: &mut Writer) {
        self.as_str().write(w)
    }
}

impl Value for String {
    const TYPE: Type = Type::Name("string");
    const TEXT: bool = true;
    const LEAST: usize = 4;
    fn read(r: &mut Reader) -> String {
        let n = r.count(1);
        match core::str::from_utf8(r.bytes(n)) {
            Ok(s) => s.into(),
            Err(_) => r.refuse(),
        }
    }
}

impl<T: Value> Encode for [T] {
    fn size(&self) -> usize {
        4 + self.iter().map(T::size).sum::<usize>()
    }
    fn write(&self, w: &mut Writer) {
        w.count(self.len());
        T::write_list(self, w)
    }
}

impl<T: Value> Encode for Vec<T> {
    fn size(&self) -> usize {
        self.as_slice().size()
    }
    fn write(&self, w: &mut Writer) {
        self.as_slice().write(w)
    }
}

impl<T: Value> Value for Vec<T> {
    const TYPE: Type = Type::List(&T::TYPE);
    const LEAST: usize = 4;
    fn read(r: &mut Reader) -> Vec<T> {
        let n = r.count(T::LEAST);
        T::read_list(n, r)
    }
}

impl<T: Value> Encode for Option<T> {
    fn size(&self) -> usize {
        1 + self.as_ref().map_or(0, T::size)
    }
    fn write(&self, w: &mut Writer) {
        self.is_some().write(w);
        if let Some(v) = self {
            v.write(w)
        }
    }
}

impl<T: Value> Value for Option<T> {
    const TYPE: Type = Type::Maybe(&T::TYPE);
    const LEAST: usize = 1;
    fn read(r: &mut Reader) -> Option<T> {
        if bool::read(r) {
            Some(T::read(r))
        } else {
            None
        }
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn size(&self) -> usize {
        (**self).size()
    }
    fn write(&self, w: &mut Writer) {
        (**self).write(w)
    }
}

macro_rules! tuples {
    ($(($($t:ident $n:tt),*))*) => {$(
        impl<$($t: Encode),*> Encode for ($($t,)*) {
            #[inline(always)]
            fn size(&self) -> usize { 0 $(+ self.$n.size())* }
            #[inline(always)]
            fn write(&self, _w: &mut Writer) { $(self.$n.write(_w);)* }
        }
    )*};
}

tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

/// Declares structs that can be encoded: their fields, in the order in which they stand.
///
/// ```ignore
/// value! { pub struct Bid { pub from: Address, pub amount: Amount } }
/// ```
#[macro_export]
macro_rules! value {
    ($($(#[$a:meta])* $v:vis struct $name:ident { $($(#[$fa:meta])* $fv:vis $f:ident: $t:ty),* $(,)? })*) => {$(
        $(#[$a])* $v struct $name { $($(#[$fa])* $fv $f: $t),* }

        impl $crate::Encode for $name {
            #[inline]
            fn size(&self) -> usize { 0 $(+ $crate::Encode::size(&self.$f))* }
            #[inline]
            fn write(&self, _w: &mut $crate::Writer) { $($crate::Encode::write(&self.$f, _w);)* }
        }

        impl $crate::Value for $name {
            const TYPE: $crate::schema::Type = $crate::schema::Type::Struct(&$crate::schema::Struct {
                name: stringify!($name),
                fields: &[$($crate::schema::Field { name: stringify!($f), of: <$t as $crate::Value>::TYPE }),*],
            });
            const LEAST: usize = 0 $(+ <$t as $crate::Value>::LEAST)*;
            #[inline]
            fn read(_r: &mut $crate::Reader) -> $name { $name { $($f: $crate::Value::read(_r)),* } }
        }
    )*};
}
