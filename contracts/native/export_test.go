package native

// ValveGas is the gas with which the registry sends a valve message.
var ValveGas = valveGas
