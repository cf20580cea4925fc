#!/bin/sh
# Builds the contract in a folder with a Cargo.toml and src/lib.rs, without cargo: DIR/NAME.wasm and DIR/NAME.wasm.sha256.
#
#	sdk/rust/build.sh DIR         build
#	sdk/rust/build.sh DIR check   build elsewhere and compare: the committed module is that of the source
#
# RUSTC [/usr/bin/rustc] must be one whose wasm32-unknown-unknown is installed (Debian: rustc, libstd-rust-dev-wasm32, lld);
# PAGES [1] of 64 KiB are the memory; STACK [16384] bytes of it are the stack. The same rustc gives the same bytes on every
# machine: no path and no name of a folder gets into the module.
set -eu

sdk=$(cd "$(dirname "$0")" && pwd)
dir=$(cd "$1" && pwd)
name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$dir/Cargo.toml" | head -n 1)
level=$(sed -n 's/^opt-level = "\{0,1\}\([0-3sz]\)"\{0,1\}$/\1/p' "$dir/Cargo.toml" | head -n 1)
: "${RUSTC:=/usr/bin/rustc}" "${TARGET:=wasm32-unknown-unknown}" "${PAGES:=1}" "${STACK:=16384}"

# Before 1.68 a stable rustc links alloc only with std, for want of a handler of errors that it has since by default.
old=
case $("$RUSTC" --version) in
"rustc 1."[0-5]?.* | "rustc 1.6"[0-7].*) old="-Zcrate-attr=feature(default_alloc_error_handler)" ;;
esac

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

compile() {
	${old:+env RUSTC_BOOTSTRAP=1} "$RUSTC" ${old:+"$old"} --edition 2021 --target "$TARGET" --out-dir "$made" -D warnings \
		-C panic=abort -C opt-level="${level:-3}" -C codegen-units=1 -C overflow-checks=on -C target-cpu=mvp \
		--remap-path-prefix "$sdk=thinkey" --remap-path-prefix "$dir=$name" --remap-path-prefix "$made=." "$@"
}

compile --crate-name thinkey --crate-type rlib "$sdk/src/lib.rs"
compile --crate-name "$name" --crate-type cdylib --extern "thinkey=$made/libthinkey.rlib" \
	-C lto=fat -C strip=symbols -C linker-flavor=wasm-ld -C linker="$sdk/link.sh" -C link-arg=-zstack-size="$STACK" -C link-arg=--compress-relocations \
	-C link-arg=--initial-memory=$((PAGES * 65536)) -C link-arg=--max-memory=$((PAGES * 65536)) "$dir/src/lib.rs"
(cd "$made" && chmod 644 "$name.wasm" && sha256sum "$name.wasm" >"$name.wasm.sha256")

case ${2:-} in
"") cp "$made/$name.wasm" "$made/$name.wasm.sha256" "$dir" ;;
check)
	if ! cmp "$made/$name.wasm.sha256" "$dir/$name.wasm.sha256" || ! cmp "$made/$name.wasm" "$dir/$name.wasm"; then
		echo "$dir/$name.wasm is not what its source makes with $("$RUSTC" --version): run sdk/rust/build.sh and commit it" >&2
		exit 1
	fi
	;;
*)
	echo "build.sh: $2: the one word that may follow the folder is check" >&2
	exit 2
	;;
esac
