#!/bin/sh
# The linker, without the two exports that rustc adds for JavaScript: a contract exports its memory and its entries alone.
for argument; do
	shift
	case $argument in
	--export=__heap_base | --export=__data_end) ;;
	*) set -- "$@" "$argument" ;;
	esac
done
exec "${WASM_LD:-wasm-ld}" "$@"
