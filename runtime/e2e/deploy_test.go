package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const deploy = "../deploy"

// The unit is one that systemd takes, and says what the node may not do. Where systemd is not, its own program can't look.
func TestSystemdUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze")
	}
	raw, err := os.ReadFile(filepath.Join(deploy, "thinkey-node.service"))
	if err != nil {
		t.Fatal(err)
	}
	program, err := filepath.Abs(filepath.Join(bin, "thinkey"))
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "thinkey-node.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(raw), "/usr/local/bin/thinkey", program)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify", "--man=no", unit}, {"security", "--offline=true", "--threshold=25", unit}} {
		if out, err := exec.Command("systemd-analyze", args...).CombinedOutput(); err != nil || args[0] == "verify" && strings.Contains(string(out), unit) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// A node tells whoever has started it when it serves, and when it is about to stop (Type=notify).
func TestNotifies(t *testing.T) {
	dir := t.TempDir()
	thinkey(t, "testnet", "gen", "--nodes", "1", "--dir", filepath.Join(dir, "net"))
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(dir, "notify")})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	cmd := exec.Command(filepath.Join(bin, "thinkey"), "node", "start", "--home", filepath.Join(dir, "net", "node-0"))
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"READY=1", "STOPPING=1"} {
		said := make([]byte, 256)
		if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if n, err := socket.Read(said); err != nil || string(said[:n]) != want {
			t.Errorf("it says %q, %v, and not %s", said[:n], err, want)
		}
		if want == "READY=1" {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// composed is a compose file with all that ours says: another key is a mistake.
type composed struct {
	Name     string
	Node     any `yaml:"x-node"`
	Services map[string]service
	Volumes  map[string]any
}

type service struct {
	Build       struct{ Context, Dockerfile string }
	Image       string
	Command     []string
	Init        bool
	Ports       []string
	NetworkMode string `yaml:"network_mode"`
	Environment map[string]string
	Volumes     []string
	Restart     string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	StopGrace   time.Duration                         `yaml:"stop_grace_period"`
}

// composeFile reads ours.
func composeFile(t *testing.T) (file composed) {
	t.Helper()
	read(t, "compose.yaml", func(raw []byte, into any) error {
		d := yaml.NewDecoder(bytes.NewReader(raw))
		d.KnownFields(true)
		return d.Decode(into)
	}, &file)
	return file
}

// What a service of the compose file names is there: other services, volumes, files beside it, and what the image is built from.
func TestComposeNamesWhatIsThere(t *testing.T) {
	file := composeFile(t)
	for name, s := range file.Services {
		is := func(what, other string) {
			if _, ok := file.Services[other]; !ok {
				t.Errorf("%s %s %q, and there is no such service", name, what, other)
			}
		}
		if other, ok := strings.CutPrefix(s.NetworkMode, "service:"); ok {
			is("is in the network of", other)
		}
		for other := range s.DependsOn {
			is("depends on", other)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[from]; !ok && !exists(filepath.Join(deploy, from)) {
				t.Errorf("%s has a volume %s, and there is neither a volume nor a file %s", name, v, from)
			}
		}
		if s.Build.Dockerfile != "" && !exists(filepath.Join(deploy, s.Build.Context, s.Build.Dockerfile)) {
			t.Errorf("%s is built by %s, which is not there", name, s.Build.Dockerfile)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// The image is built with the version of Go that the module asks for, from files that are there, and runs what was built.
func TestDockerfile(t *testing.T) {
	var lines []string
	read(t, "Dockerfile", func(raw []byte, _ any) error {
		lines = strings.Split(string(raw), "\n")
		return nil
	}, nil)
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	stages, built, there := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] == "#" {
			continue
		}
		switch last := words[len(words)-1]; words[0] {
		case "FROM":
			if strings.HasPrefix(words[1], "golang:") && !strings.HasPrefix(words[1], "golang:"+string(version[1])+"-") {
				t.Errorf("%s, and go.mod wants %s", words[1], version[1])
			}
			stages[last] = true
		case "RUN":
			if i := slices.Index(words, "-o"); i > 0 {
				built[words[i+1]] = true
				if !exists(filepath.Join("../..", last)) {
					t.Errorf("%s is built, and is not there", last)
				}
			}
		case "COPY":
			stage, copies := strings.CutPrefix(words[1], "--from=")
			for _, from := range words[1 : len(words)-1] {
				if !copies && !exists(filepath.Join("../..", from)) {
					t.Errorf("%s is copied, and is not there", from)
				}
			}
			if copies && (!stages[stage] || !built[words[2]]) {
				t.Errorf("%s: no stage builds that", line)
			}
			there[last] = copies
		case "ENTRYPOINT":
			if program := strings.Trim(last, `[]"`); !there[program] {
				t.Errorf("it runs %s, which is not in it", program)
			}
		}
	}
}

// What the compose file starts in containers runs as plain processes, too: the same commands, with another directory and other ports. What
// Prometheus is told to ask answers, with all that the dashboard shows.
func TestCompose(t *testing.T) {
	file := composeFile(t)
	dir, base := t.TempDir(), freeRange(t, 16)
	words := func(service string) (list []string) {
		if file.Services[service].Image != "thinkey" {
			t.Fatalf("service %s doesn't run the program", service)
		}
		for _, w := range file.Services[service].Command {
			if w == "7000" {
				w = strconv.Itoa(base)
			}
			list = append(list, strings.ReplaceAll(w, "/net/", dir+"/"))
		}
		return list
	}
	thinkey(t, words("gen")...)
	thinkey(t, words("gen")...) // again: it is started with every "up"
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for i := range 4 {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "thinkey"), words("node-"+strconv.Itoa(i))...)
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { stop(); _ = cmd.Wait() }()
	}
	network := filepath.Join(dir, "thinkey")
	if !within(patience, func() bool {
		return exec.Command(filepath.Join(bin, "thinkey"), "transfer", "alice", "bob", "1", "--wait", "--network", network).Run() == nil
	}) {
		t.Fatal("no payment becomes final")
	}
	var scrape struct {
		Configs []struct {
			Static []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	read(t, "prometheus.yml", yaml.Unmarshal, &scrape)
	shown := dashboard(t)
	for _, target := range scrape.Configs[0].Static[0].Targets {
		_, port, err := net.SplitHostPort(target)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		url, body := fmt.Sprintf("http://127.0.0.1:%d/metrics", n-7000+base), ""
		if !within(patience, func() bool { body, err = get(url); return err == nil }) { // a node may still be starting
			t.Fatal(err)
		}
		for _, name := range shown {
			if !strings.Contains(body, "\n"+name+"{") && !strings.Contains(body, "\n"+name+" ") {
				t.Errorf("%s has no %s", target, name)
			}
		}
	}
}

// dashboard are the metrics that it shows.
func dashboard(t *testing.T) (names []string) {
	t.Helper()
	var d struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	read(t, "grafana/thinkey.json", json.Unmarshal, &d)
	for _, p := range d.Panels {
		for _, x := range p.Targets {
			names = append(names, regexp.MustCompile(`thinkey_\w+`).FindString(x.Expr))
		}
	}
	if len(names) < 5 || slices.Contains(names, "") {
		t.Fatalf("it shows %q", names)
	}
	return names
}

func read(t *testing.T, name string, decode func([]byte, any) error, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(deploy, name))
	if err == nil {
		err = decode(raw, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func get(url string) (string, error) {
	r, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, r.Status, body)
	}
	return string(body), err
}

func thinkey(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(filepath.Join(bin, "thinkey"), args...).CombinedOutput(); err != nil {
		t.Fatalf("thinkey %v: %v\n%s", args, err, out)
	}
}

// freeRange is the first of so many ports that are free one after the other.
func freeRange(t *testing.T, n int) int {
	t.Helper()
	for base := 20_000; base < 30_000; base += n {
		free := true
		for p := base; p < base+n && free; p++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
			if free = err == nil; free {
				_ = l.Close()
			}
		}
		if free {
			return base
		}
	}
	t.Fatal("no ports are free")
	return 0
}
