package keyfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func passwordFile(t *testing.T, content string, mode os.FileMode) PasswordSource {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
	return PasswordSource{File: path, FD: -1, Prompt: never(t)}
}

func never(t *testing.T) func(string) ([]byte, error) {
	return func(prompt string) ([]byte, error) {
		t.Errorf("asked %q", prompt)
		return nil, io.EOF
	}
}

func answers(list ...string) func(string) ([]byte, error) {
	return func(string) ([]byte, error) {
		if len(list) == 0 {
			return nil, io.EOF
		}
		answer := list[0]
		list = list[1:]
		return []byte(answer), nil
	}
}

func TestPasswordFromFile(t *testing.T) {
	for content, want := range map[string]string{
		"secret": "secret", "secret\n": "secret", "secret\r\nmore": "secret", " a b \n": " a b ", strings.Repeat("x", maxPassword): strings.Repeat("x", maxPassword),
	} {
		for _, mode := range []os.FileMode{0o600, 0o400, 0o440} {
			if got, err := ReadPassword(passwordFile(t, content, mode), "?"); err != nil || string(got) != want {
				t.Errorf("%q: %q, %v", content, got, err)
			}
		}
	}
	for _, content := range []string{"", "\n", "\r\n", "\nsecret"} {
		_, err := ReadPassword(passwordFile(t, content, 0o600), "?")
		wants(t, content, err, ErrPasswordEmpty)
	}
	for _, mode := range []os.FileMode{0o604, 0o602, 0o644} {
		_, err := ReadPassword(passwordFile(t, "secret", mode), "?")
		wants(t, mode.String(), err, ErrPermissions, "chmod 600")
	}
	_, err := ReadPassword(passwordFile(t, strings.Repeat("x", maxPassword+1), 0o600), "?")
	if err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("a long line: %v", err)
	}
	_, err = ReadPassword(PasswordSource{File: filepath.Join(t.TempDir(), "none"), FD: -1}, "?")
	wants(t, "no file", err, os.ErrNotExist, "none")
}

func TestPasswordFromDescriptor(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = w.WriteString("secret\nrest")
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = stdin }()
	got, err := readDescriptor(0)
	if err != nil || string(got) != "secret" {
		t.Errorf("password %q, %v", got, err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "rest" {
		t.Errorf("behind the line is %q, %v", rest, err)
	}
	if _, err := ReadPassword(PasswordSource{FD: 1 << 20, Prompt: never(t)}, "?"); err == nil || !strings.Contains(err.Error(), "descriptor 1048576") {
		t.Errorf("a descriptor that is not open: %v", err)
	}
}

func TestPasswordFromPrompt(t *testing.T) {
	got, err := ReadPassword(PasswordSource{FD: -1, Prompt: answers("secret")}, "?")
	if err != nil || string(got) != "secret" {
		t.Errorf("password %q, %v", got, err)
	}
	_, err = ReadPassword(PasswordSource{FD: -1, Prompt: answers("")}, "?")
	wants(t, "empty answer", err, ErrPasswordEmpty)
	got, err = ReadPassword(PasswordSource{FD: -1, Prompt: Twice(answers("a", "a"))}, "?")
	if err != nil || string(got) != "a" {
		t.Errorf("twice the same: %q, %v", got, err)
	}
	_, err = ReadPassword(PasswordSource{FD: -1, Prompt: Twice(answers("a", "b"))}, "?")
	wants(t, "two answers", err, ErrPasswordDiffers)
	_, err = ReadPassword(PasswordSource{FD: -1, Prompt: Twice(answers("a"))}, "?")
	wants(t, "one answer", err, io.EOF)
}

func TestNoTerminal(t *testing.T) {
	real := terminal
	defer func() { terminal = real }()
	terminal = filepath.Join(t.TempDir(), "none")
	_, err := ReadPassword(PasswordSource{FD: -1}, "?")
	wants(t, "no terminal", err, ErrNoTerminal, "file", "descriptor")
	terminal = passwordFile(t, "", 0o600).File
	_, err = ReadPassword(PasswordSource{FD: -1}, "?")
	wants(t, "a terminal that is none", err, ErrNoTerminal)
}
