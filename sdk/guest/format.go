package guest

import "unicode/utf8"

// Format is a small Sprintf: package fmt would be a third of a small contract. The verb %v, and every other letter behind
// a percent sign but q and x, writes an argument as its kind asks: numbers in decimal, strings as they are, addresses,
// amounts and hashes in their text forms. %q puts it in quotes, %x writes bytes and numbers in hexadecimal.
func Format(format string, args ...any) string {
	b := make([]byte, 0, len(format)+16*len(args))
	next := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b = append(b, format[i])
			continue
		}
		i++
		switch {
		case format[i] == '%':
			b = append(b, '%')
		case next == len(args):
			b = append(b, "%!missing"...)
		default:
			b = appendArgument(b, format[i], args[next])
			next++
		}
	}
	if next < len(args) {
		b = append(b, "%!extra"...)
	}
	return string(b)
}

func appendArgument(b []byte, verb byte, v any) []byte {
	switch verb {
	case 'q':
		return append(appendPlain(append(b, '"'), v), '"')
	case 'x':
		switch v := v.(type) {
		case []byte:
			return appendHex(b, v)
		case string:
			return appendHex(b, []byte(v))
		}
		if n, negative, ok := number(v); ok {
			return appendNumber(b, n, negative, 16)
		}
	}
	return appendPlain(b, v)
}

func appendPlain(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "nil"...)
	case string:
		return append(b, v...)
	case []byte:
		if utf8.Valid(v) {
			return append(b, v...)
		}
		return appendHex(b, v)
	case bool:
		if v {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case Amount:
		return append(b, v.String()...)
	case Address:
		return append(b, v.String()...)
	case Hash:
		return append(b, v.String()...)
	case *Refusal:
		return append(b, v.Reason...)
	}
	if n, negative, ok := number(v); ok {
		return appendNumber(b, n, negative, 10)
	}
	return appendOther(b, v)
}

// appendOther asks whether v has a text. For each type the runtime makes a table of methods for the answer, so the types of
// every day were seen to before.
func appendOther(b []byte, v any) []byte {
	switch v := v.(type) {
	case error:
		return append(b, v.Error()...)
	case interface{ String() string }:
		return append(b, v.String()...)
	}
	return append(b, '?')
}

// number is the size and sign of an integer of any of the predeclared types.
func number(v any) (n uint64, negative, ok bool) {
	var s int64
	switch v := v.(type) {
	case uint8:
		return uint64(v), false, true
	case uint16:
		return uint64(v), false, true
	case uint32:
		return uint64(v), false, true
	case uint64:
		return v, false, true
	case uint:
		return uint64(v), false, true
	case int8:
		s = int64(v)
	case int16:
		s = int64(v)
	case int32:
		s = int64(v)
	case int64:
		s = v
	case int:
		s = int64(v)
	default:
		return 0, false, false
	}
	if s < 0 {
		return -uint64(s), true, true
	}
	return uint64(s), false, true
}

func appendNumber(b []byte, n uint64, negative bool, base uint64) []byte {
	if negative {
		b = append(b, '-')
	}
	var digits [20]byte
	at := len(digits)
	for {
		at--
		digits[at] = "0123456789abcdef"[n%base]
		if n /= base; n == 0 {
			return append(b, digits[at:]...)
		}
	}
}
