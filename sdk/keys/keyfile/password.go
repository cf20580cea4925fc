package keyfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// What can go wrong with a password before it meets a key file.
var (
	ErrPasswordEmpty   = errors.New("password is empty")
	ErrPasswordDiffers = errors.New("the two passwords differ")
	// ErrNoTerminal: nobody can be asked.
	ErrNoTerminal = errors.New("no terminal to ask for the password: give it in a file or on an open file descriptor")
)

// maxPassword bounds what is read as a line: a password file that holds something else is told, not hashed.
const maxPassword = 1024

// terminal is where Terminal asks; tests put something else here.
var terminal = "/dev/tty"

// PasswordSource says where a password comes from: the first of these that is set. There is no field for the password
// itself or for an environment variable: other processes can read both.
type PasswordSource struct {
	File string // its first line; a pipe will do
	// FD is an open file descriptor, of which one line is read, or -1 for none. The zero value means standard input.
	// One that is a terminal would show what is typed, so then Prompt asks instead.
	FD     int
	Prompt func(prompt string) ([]byte, error) // nil means Terminal
}

// ReadPassword returns the password from src, without its line end, never empty.
func ReadPassword(src PasswordSource, prompt string) ([]byte, error) {
	password, err := src.read(prompt)
	if err != nil {
		return nil, err
	}
	if len(password) == 0 {
		return nil, ErrPasswordEmpty
	}
	return password, nil
}

func (src PasswordSource) read(prompt string) ([]byte, error) {
	switch {
	case src.File != "":
		return readPasswordFile(src.File)
	case src.FD >= 0 && !term.IsTerminal(src.FD):
		return readDescriptor(src.FD)
	case src.Prompt != nil:
		return src.Prompt(prompt)
	}
	return Terminal(context.Background())(prompt)
}

// Terminal makes a prompt that asks on the terminal of the process, even where standard input is something else, and does
// not show what is typed. When ctx ends it gives up, and the terminal shows again what is typed.
func Terminal(ctx context.Context) func(prompt string) ([]byte, error) {
	return func(prompt string) ([]byte, error) {
		tty, err := os.OpenFile(terminal, os.O_RDWR, 0)
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrNoTerminal, err)
		}
		defer func() { _ = tty.Close() }() // nothing is buffered
		if _, err := fmt.Fprint(tty, prompt); err != nil {
			return nil, err
		}
		password, err := readHidden(ctx, int(tty.Fd()))
		if err != nil {
			return nil, err
		}
		_, err = fmt.Fprintln(tty) // the one that was typed was not shown
		return password, err
	}
}

// readHidden reads a line from a terminal. Nothing ends such a read from outside, so it is left alone when ctx ends: who
// interrupted it wants the process to end.
func readHidden(ctx context.Context, fd int) ([]byte, error) {
	shown, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("%w (%s: %w)", ErrNoTerminal, terminal, err)
	}
	type line struct {
		text []byte
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		typed <- line{text, err}
	}()
	select {
	case l := <-typed:
		if l.err != nil {
			return nil, fmt.Errorf("%w (%s: %w)", ErrNoTerminal, terminal, l.err)
		}
		return l.text, nil
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), term.Restore(fd, shown))
	}
}

// Twice makes a prompt that asks again and wants the same answer: for a password that is set, where a slip of the finger
// would lose the key.
func Twice(ask func(prompt string) ([]byte, error)) func(prompt string) ([]byte, error) {
	return func(prompt string) ([]byte, error) {
		first, err := ask(prompt)
		if err != nil {
			return nil, err
		}
		second, err := ask("Again: ")
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(first, second) {
			return nil, ErrPasswordDiffers
		}
		return first, nil
	}
}

// readPasswordFile takes a file that its group can read, unlike a key file: secrets are mounted so for services.
func readPasswordFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("password file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	stat, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("password file: %w", err)
	}
	if stat.Mode()&0o007 != 0 {
		return nil, fmt.Errorf("password file %w", tooWide(path, stat, "600"))
	}
	if term.IsTerminal(int(f.Fd())) {
		return nil, fmt.Errorf("password file %s is a terminal, which would show the password", path)
	}
	line, err := readLine(f)
	if err != nil {
		return nil, fmt.Errorf("password file %s: %w", path, err)
	}
	return line, nil
}

func readDescriptor(fd int) ([]byte, error) {
	f := os.Stdin
	if fd != 0 {
		f = os.NewFile(uintptr(fd), fmt.Sprint("descriptor ", fd))
		defer func() { _ = f.Close() }() // only read; the collector would close it at some later time
	}
	line, err := readLine(f)
	if err != nil {
		return nil, fmt.Errorf("password from descriptor %d: %w", fd, err)
	}
	return line, nil
}

// readLine reads byte by byte, so that what stands behind the line is left for whoever reads next.
func readLine(r io.Reader) ([]byte, error) {
	var line []byte
	for b := make([]byte, 1); len(line) <= maxPassword; {
		n, err := r.Read(b)
		if n == 1 && b[0] != '\n' {
			line = append(line, b[0])
		}
		if err == io.EOF || n == 1 && b[0] == '\n' {
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("its first line is longer than %d bytes", maxPassword)
}
