// Package e2e is what users do, against the program they would use: the binary is built once, and every test starts
// processes of it.
//
//	testdata/*.txtar   stories: each reads as documentation of a task, with its inputs and what is then seen
//	TestKill           a network is killed again and again while clients pay on it; what they were told is final must be there
//	TestChaos          processes of a test network are killed, stopped, parted, slowed, filled, damaged, flooded, and one lies
//	TestChaosFinds     the program with bugs planted in it, which TestChaos must find
//	TestFirstActor     runtime/docs/FIRST_ACTOR.md, typed command by command, shows what it says
//	TestProjects       what `thinkey new` makes builds and tests, with the sources of thinkey and without
//
// Beside those of testscript, stories have the commands
//
//	dev NAME [flags]       start `thinkey dev` in the background; THINKEY_NODE is its API from then on, ADDR its address
//	halt NAME              tell it to stop; it must end well, and take its ready-file back (a command "stop" is testscript's: it ends the story)
//	crash NAME             kill it (SIGKILL)
//	exits CODE command …   run a command that must end with this exit code
//	keep VAR               set VAR to the first line that the last command printed
//	find VAR PATTERN       set VAR to what the first group of the pattern matches in what it printed
//	until PATTERN command …  run a command until what it prints matches the pattern
//	flip FILE              change a bit in the middle of a file
//	plant PROGRAM FILE OLD NEW   build thinkey, as PROGRAM, with new words in place of old ones in a file of its source
//	up DIR [N...]          start nodes of a test network; they are stopped with the story
//
// Invariants held: I7 (durability), and U1, U2, U3, U7 of runtime/cli. The package holds tests alone.
package e2e
