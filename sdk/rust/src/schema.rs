//! What a contract says about itself in the custom section thinkey.schema: JSON (sdk/abi/schema.go), written while the
//! contract is compiled, so that it costs nothing when it runs.

/// A type's name.
#[derive(Clone, Copy)]
pub enum Type {
    Byte,
    Name(&'static str),
    List(&'static Type),
    Maybe(&'static Type),
    Struct(&'static Struct),
}

pub struct Struct {
    pub name: &'static str,
    pub fields: &'static [Field],
}

pub struct Field {
    pub name: &'static str,
    pub of: Type,
}

/// kind is "handle" or "query"; doc is the lines of its comment.
pub struct Method {
    pub name: &'static str,
    pub kind: &'static str,
    pub input: &'static [Field],
    pub output: &'static [Field],
    pub doc: &'static [&'static str],
}

pub struct Event {
    pub topic: &'static str,
    pub body: &'static [Field],
}

pub struct Schema {
    pub name: &'static str,
    pub init: &'static [Method],
    pub methods: &'static [Method],
    pub queries: &'static [Method],
    pub events: &'static [Event],
    pub merged: &'static [&'static str],
    pub types: &'static [Type],
}

/// Messages that every account understands without code; init has a part of its own.
const RESERVED: &[&str] = &["add", "bounce", "call", "deploy", "publish", "refund", "setcode", "transfer"];

impl Schema {
    /// The length of the JSON.
    pub const fn length(&self) -> usize {
        self.json(Json::<0> { bytes: [], length: 0 }).length
    }

    /// The JSON; N is its length.
    pub const fn render<const N: usize>(&self) -> [u8; N] {
        self.json(Json { bytes: [0; N], length: 0 }).bytes
    }

    const fn json<const N: usize>(&self, j: Json<N>) -> Json<N> {
        let mut j = j.raw("{\"abi\":1,\"name\":").quoted(self.name).raw(",\"methods\":[");
        let (first, second) = (self.init.len(), self.init.len() + self.methods.len());
        j = j.methods(self.init, 0, self).methods(self.methods, first, self);
        j = j.methods(self.queries, second, self).raw("]");
        if !self.events.is_empty() {
            j = j.raw(",\"events\":[").events(self.events, self.types).raw("]");
        }
        if !self.types.is_empty() {
            j = j.raw(",\"types\":{").structs(self.types).raw("}");
        }
        j.raw("}")
    }
}

/// JSON that grows; what is behind N bytes is only counted.
#[derive(Clone, Copy)]
struct Json<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Json<N> {
    const fn byte(mut self, b: u8) -> Self {
        if self.length < N {
            self.bytes[self.length] = b;
        }
        self.length += 1;
        self
    }

    const fn raw(mut self, s: &str) -> Self {
        let s = s.as_bytes();
        let mut i = 0;
        while i < s.len() {
            self = self.byte(s[i]);
            i += 1;
        }
        self
    }

    /// The text of a string, without its quotes; control characters become spaces.
    const fn text(mut self, s: &str) -> Self {
        let s = s.as_bytes();
        let mut i = 0;
        while i < s.len() {
            self = match s[i] {
                b'"' | b'\\' => self.byte(b'\\').byte(s[i]),
                0..=31 => self.byte(b' '),
                b => self.byte(b),
            };
            i += 1;
        }
        self
    }

    const fn quoted(self, s: &str) -> Self {
        self.byte(b'"').text(s).byte(b'"')
    }

    const fn comma(self, i: usize) -> Self {
        if i > 0 {
            return self.byte(b',');
        }
        self
    }

    /// Methods of a list that has before of them already.
    const fn methods(mut self, list: &[Method], before: usize, of: &Schema) -> Self {
        let mut i = 0;
        while i < list.len() {
            let m = &list[i];
            if named(m.name, RESERVED) {
                panic!("a method has the name of a message that never reaches a contract: give it another one");
            }
            self = self.comma(before + i).raw("{\"name\":").quoted(m.name).raw(",\"kind\":").quoted(m.kind);
            if named(m.name, of.merged) {
                self = self.raw(",\"merge\":true");
            }
            if !m.input.is_empty() {
                self = self.raw(",\"input\":").fields(m.input, of.types);
            }
            if !m.output.is_empty() {
                self = self.raw(",\"output\":").fields(m.output, of.types);
            }
            if !m.doc.is_empty() {
                self = self.raw(",\"doc\":\"").lines(m.doc).byte(b'"');
            }
            self = self.byte(b'}');
            i += 1;
        }
        self
    }

    /// The lines of a comment as one; the space before the first is not part of it.
    const fn lines(mut self, doc: &[&str]) -> Self {
        let mut i = 0;
        while i < doc.len() {
            self = match doc[i].as_bytes() {
                [b' ', rest @ ..] if i == 0 => self.text(str_of(rest)),
                _ => self.text(doc[i]),
            };
            i += 1;
        }
        self
    }

    const fn events(mut self, list: &[Event], types: &[Type]) -> Self {
        let mut i = 0;
        while i < list.len() {
            self = self.comma(i).raw("{\"topic\":").quoted(list[i].topic);
            if !list[i].body.is_empty() {
                self = self.raw(",\"body\":").fields(list[i].body, types);
            }
            self = self.byte(b'}');
            i += 1;
        }
        self
    }

    const fn structs(mut self, types: &[Type]) -> Self {
        let mut i = 0;
        while i < types.len() {
            if let Type::Struct(s) = types[i] {
                self = self.comma(i).quoted(s.name).byte(b':').fields(s.fields, types);
            } else {
                panic!("the part types lists structs made with value! alone");
            }
            i += 1;
        }
        self
    }

    const fn fields(mut self, list: &[Field], types: &[Type]) -> Self {
        self = self.byte(b'[');
        let mut i = 0;
        while i < list.len() {
            self = self.comma(i).raw("{\"name\":").quoted(list[i].name).raw(",\"type\":\"");
            self = self.kind(&list[i].of, types).raw("\"}");
            i += 1;
        }
        self.byte(b']')
    }

    const fn kind(self, t: &Type, types: &[Type]) -> Self {
        match t {
            Type::Byte => self.raw("u8"),
            Type::Name(name) => self.raw(name),
            Type::List(Type::Byte) => self.raw("bytes"),
            Type::List(of) => self.raw("[]").kind(of, types),
            Type::Maybe(of) => self.byte(b'?').kind(of, types),
            Type::Struct(s) => {
                listed(s.name, types);
                self.text(s.name)
            }
        }
    }
}

/// A struct that a method uses must be listed under types, or nobody could read the schema.
const fn listed(name: &str, types: &[Type]) {
    let mut i = 0;
    while i < types.len() {
        if let Type::Struct(s) = types[i] {
            if same(s.name.as_bytes(), name.as_bytes()) {
                return;
            }
        }
        i += 1;
    }
    panic!("a struct that a method, query or event uses is missing in the part types")
}

const fn named(name: &str, list: &[&str]) -> bool {
    let mut i = 0;
    while i < list.len() {
        if same(list[i].as_bytes(), name.as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}

/// The length of what `names` makes.
pub const fn names_length(list: &[&str]) -> usize {
    let (mut i, mut n) = (0, 0);
    while i < list.len() {
        n += 1 + list[i].len();
        i += 1;
    }
    n
}

/// The names, each with its length in a byte before it: the section thinkey.merge.
pub const fn names<const N: usize>(list: &[&str]) -> [u8; N] {
    let mut j = Json { bytes: [0; N], length: 0 };
    let mut i = 0;
    while i < list.len() {
        j = j.byte(list[i].len() as u8).raw(list[i]);
        i += 1;
    }
    j.bytes
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// What stands behind a first byte that is ASCII is UTF-8 as well.
const fn str_of(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(s) => s,
        Err(_) => panic!("a comment that is not UTF-8"),
    }
}
