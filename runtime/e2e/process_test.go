package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is for a process to start or to stop on a busy machine.
const patience = time.Minute

// process is a `thinkey dev` of this test.
type process struct {
	*exec.Cmd
	out, err bytes.Buffer // read once it has ended
	ended    chan error   // yields once
	ready    string
}

// start begins `thinkey dev` in a directory; it serves when awaitReady returns.
func start(dir, ready string, environ []string, args ...string) (*process, error) {
	p := &process{ended: make(chan error, 1), ready: ready}
	p.Cmd = exec.Command(filepath.Join(bin, "thinkey"), append([]string{"dev", "--api", "127.0.0.1:0", "--ready-file", ready}, args...)...)
	p.Dir, p.Env, p.Stdout, p.Stderr = dir, environ, &p.out, &p.err
	if err := p.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- p.Wait() }()
	return p, nil
}

// awaitReady returns the API's URL once the process says it: this one, not one before it.
func (p *process) awaitReady() (string, error) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	late := time.After(patience)
	for {
		select {
		case <-look.C:
			var says struct {
				API string
				PID int
			}
			content, err := os.ReadFile(p.ready)
			if err != nil {
				continue
			}
			if err := json.Unmarshal(content, &says); err != nil {
				return "", fmt.Errorf("ready-file %q: %w", content, err)
			}
			if says.PID == p.Process.Pid {
				return says.API, nil
			}
		case err := <-p.ended:
			p.ended <- err
			return "", fmt.Errorf("it ended before it served: %v\n%s", err, p.err.String())
		case <-late:
			return "", errors.New("it does not serve")
		}
	}
}

// stop tells the process to end, which it must do well.
func (p *process) stop() error {
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.ended:
		p.ended <- err
		if err != nil {
			return fmt.Errorf("it did not end well: %w\n%s", err, p.err.String())
		}
	case <-time.After(patience):
		return errors.Join(errors.New("it does not end"), p.kill())
	}
	if _, err := os.Stat(p.ready); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("its ready-file is still there (%v)", err)
	}
	if said := p.err.String(); strings.Contains(said, "panic") || strings.Contains(said, "error") {
		return fmt.Errorf("it complained:\n%s", said)
	}
	return nil
}

// kill ends the process at once; one that has ended stays so.
func (p *process) kill() error {
	if err := p.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := <-p.ended
	p.ended <- err
	return nil
}
