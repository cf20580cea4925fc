package guest

import (
	"unsafe"

	"github.com/thinkey/thinkey/sdk/abi"
)

// The host functions of sdk/abi, and what the rest of the package makes of them. A pointer to no bytes is never followed; none is kept, so
// what they point to need not escape.

//go:wasmimport thinkey_1 context
//go:noescape
func wasmContext(dst unsafe.Pointer)

//go:wasmimport thinkey_1 method
//go:noescape
func wasmMethod(dst unsafe.Pointer, size uint32) int32

//go:wasmimport thinkey_1 input
//go:noescape
func wasmInput(dst unsafe.Pointer, size uint32) int32

//go:wasmimport thinkey_1 parts
//go:noescape
func wasmParts() int32

//go:wasmimport thinkey_1 part
//go:noescape
func wasmPart(index uint32, dst unsafe.Pointer, size uint32) int32

//go:wasmimport thinkey_1 balance
//go:noescape
func wasmBalance(dst unsafe.Pointer)

//go:wasmimport thinkey_1 gas
//go:noescape
func wasmGas() uint64

//go:wasmimport thinkey_1 read
//go:noescape
func wasmRead(key unsafe.Pointer, keyLength uint32, dst unsafe.Pointer, size uint32) int32

//go:wasmimport thinkey_1 write
//go:noescape
func wasmWrite(key unsafe.Pointer, keyLength uint32, value unsafe.Pointer, valueLength uint32)

//go:wasmimport thinkey_1 next
//go:noescape
func wasmNext(prefix unsafe.Pointer, prefixLength uint32, after unsafe.Pointer, afterLength uint32, dst unsafe.Pointer, size uint32) int32

//go:wasmimport thinkey_1 send
//go:noescape
func wasmSend(to, method unsafe.Pointer, methodLength uint32, amount unsafe.Pointer, gas uint64, input unsafe.Pointer, inputLength uint32)

//go:wasmimport thinkey_1 deploy
//go:noescape
func wasmDeploy(code, salt, amount unsafe.Pointer, gas uint64, input unsafe.Pointer, inputLength uint32, dst unsafe.Pointer)

//go:wasmimport thinkey_1 set_code
//go:noescape
func wasmSetCode(code unsafe.Pointer)

//go:wasmimport thinkey_1 event
//go:noescape
func wasmEvent(topic unsafe.Pointer, topicLength uint32, body unsafe.Pointer, bodyLength uint32)

//go:wasmimport thinkey_1 log
//go:noescape
func wasmLog(text unsafe.Pointer, length uint32)

//go:wasmimport thinkey_1 reply
//go:noescape
func wasmReply(b unsafe.Pointer, length uint32)

//go:wasmimport thinkey_1 fail
//go:noescape
func wasmFail(reason unsafe.Pointer, length uint32)

//go:wasmimport thinkey_1 random
//go:noescape
func wasmRandom(dst unsafe.Pointer) uint32

//go:wasmimport thinkey_1 sha256
//go:noescape
func wasmSHA256(b unsafe.Pointer, length uint32, dst unsafe.Pointer)

//go:wasmimport thinkey_1 blake2b
//go:noescape
func wasmBLAKE2b(b unsafe.Pointer, length uint32, dst unsafe.Pointer)

//go:wasmimport thinkey_1 ed25519_verify
//go:noescape
func wasmEd25519(key, signature, message unsafe.Pointer, length uint32) uint32

//go:wasmimport thinkey_1 bls_verify
//go:noescape
func wasmBLS(key, signature, message unsafe.Pointer, length uint32) uint32

//go:wasmexport handle
func exportHandle() { handleMessage() }

//go:wasmexport merge
func exportMerge() { mergeMessages() }

//go:wasmexport bounce
func exportBounce() { bounceMessage() }

//go:wasmexport query
func exportQuery() { answerQuery() }

//go:wasmexport thinkey_schema
func exportSchema() { hostReply(describe(&served)) }

// at is a pointer for the host: what b points to, which may be nothing.
func at(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

func size(b []byte) uint32 { return uint32(len(b)) }

func text(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

func hostContext(dst *[abi.ContextBytes]byte) { wasmContext(unsafe.Pointer(dst)) }

func hostMethod(dst []byte) int { return int(wasmMethod(at(dst), size(dst))) }

func hostInput(dst []byte) int { return int(wasmInput(at(dst), size(dst))) }

func hostParts() int { return int(wasmParts()) }

func hostPart(i int, dst []byte) int { return int(wasmPart(uint32(i), at(dst), size(dst))) }

func hostBalance(dst *[16]byte) { wasmBalance(unsafe.Pointer(dst)) }

func hostGas() uint64 { return wasmGas() }

func hostRead(key, dst []byte) int { return int(wasmRead(at(key), size(key), at(dst), size(dst))) }

func hostWrite(key, value []byte) { wasmWrite(at(key), size(key), at(value), size(value)) }

func hostNext(prefix, after, dst []byte) int {
	return int(wasmNext(at(prefix), size(prefix), at(after), size(after), at(dst), size(dst)))
}

func hostSend(to *Address, method string, amount *[16]byte, gas uint64, input []byte) {
	wasmSend(unsafe.Pointer(to), text(method), uint32(len(method)), unsafe.Pointer(amount), gas, at(input), size(input))
}

func hostDeploy(d *Deployment, amount *[16]byte, dst *Address) {
	wasmDeploy(unsafe.Pointer(&d.Code), unsafe.Pointer(&d.Salt), unsafe.Pointer(amount), d.Gas, at(d.Input), size(d.Input), unsafe.Pointer(dst))
}

func hostSetCode(code *Hash) { wasmSetCode(unsafe.Pointer(code)) }

func hostEvent(topic string, body []byte) {
	wasmEvent(text(topic), uint32(len(topic)), at(body), size(body))
}

func hostLog(line string) { wasmLog(text(line), uint32(len(line))) }

func hostReply(b []byte) { wasmReply(at(b), size(b)) }

func hostFail(reason string) { wasmFail(text(reason), uint32(len(reason))) }

func hostRandom(dst *[32]byte) bool { return wasmRandom(unsafe.Pointer(dst)) == 1 }

func hostSHA256(b []byte, dst *Hash) { wasmSHA256(at(b), size(b), unsafe.Pointer(dst)) }

func hostBLAKE2b(b []byte, dst *Hash) { wasmBLAKE2b(at(b), size(b), unsafe.Pointer(dst)) }

func hostEd25519(key, signature, message []byte) bool {
	return wasmEd25519(at(key), at(signature), at(message), size(message)) == 1
}

func hostBLS(key, signature, message []byte) bool {
	return wasmBLS(at(key), at(signature), at(message), size(message)) == 1
}

// inHost says whether v is not the contract's panic but the host's: on the chain the host doesn't panic into code.
func inHost(any) bool { return false }

// prepared says whether it is too late to make codecs: the builder has taken out what makes them.
func prepared() bool { return served.complete }
