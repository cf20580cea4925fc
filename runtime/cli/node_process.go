package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// processFile says which process is the node of a home, or was: it is written before the ledger is opened, and stays.
const processFile = "process.json"

// processID tells a process from all others that a machine ever runs: numbers come again.
type processID struct {
	PID  int    `json:"pid"`
	Mark string `json:"mark"` // see markOf
}

// thisProcess is the one that asks.
func thisProcess() processID {
	mark, _ := markOf(os.Getpid())
	return processID{os.Getpid(), mark}
}

// markOf is which start of the machine a process began in, and when in that; empty where the system doesn't say. False if there is no such process,
// or only what is left of one that has ended.
func markOf(pid int) (mark string, ok bool) {
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", false
	}
	if !isDir("/proc/self") {
		return "", true
	}
	// Behind the name, which may hold anything: the state, and as the 20th word the start, in ticks (proc_pid_stat(5)).
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	words := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if err != nil || len(words) < 20 || words[0][0] == 'Z' || words[0][0] == 'X' {
		return "", false
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return string(words[19]), true
	}
	return fmt.Sprintf("%s %s", bytes.TrimSpace(boot), words[19]), true
}

// runs says whether the process is there.
func (p processID) runs() bool {
	mark, ok := markOf(p.PID)
	return ok && mark == p.Mark
}

// running is the process of a home's node: it serves users, or is about to, or ends.
func (h nodeHome) running() (p processID, ok bool) {
	text, err := os.ReadFile(h.file(processFile))
	return p, err == nil && json.Unmarshal(text, &p) == nil && p.runs()
}

// isRunBy makes a process, or this one, known as the home's node.
func (h nodeHome) isRunBy(p processID) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return writeWhole(h.file(processFile), append(text, '\n'))
}

// unseen is a home whose ledger a process has that isn't known here.
func unseen(h nodeHome) error {
	return failed("in_use", "a process has the ledger of %s that can't be seen from here", h).do("ask where it runs: in its container, or as its user")
}
