package placement

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/thinkey/thinkey/cluster/entrance"
	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Config is what a Placement is made of. Zero stands for the default in brackets. Its functions may be called by many goroutines at once;
// but for Answer they must not wait.
type Config struct {
	Key    keys.PrivateKey // the node's
	Listen string          // host:port; port 0 takes a free one
	// Host is where others reach the port, by name or IP address [that of Listen].
	Host string
	// Nodes are the registered nodes that are known, this one left out; Member says whether a key is registered.
	Nodes  func() []Node
	Member func(keys.PublicKey) bool
	// Has says whether a chain is here, and Leader who leads one that is, if that is known.
	Has    func(chain.ID) bool
	Leader func(chain.ID) (keys.PublicKey, bool)
	// Answer answers a question for an account of a chain that is here; it ends with ctx. An error is sent as its words.
	Answer func(ctx context.Context, a Asked) ([]byte, error)
	// Patience is how long a handshake may take [5 s].
	Patience time.Duration
	// Dial, if set, makes connections instead of TCP's own way.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	Log  *slog.Logger
}

// Placement is a node's place in proto.actor's cluster. Close ends it; all methods may be called from many goroutines.
type Placement struct {
	config   Config
	self     keys.PublicKey
	ctx      context.Context
	stop     context.CancelFunc
	system   *actor.ActorSystem
	cluster  *cluster.Cluster
	provider *provider
	lookup   *lookup
	gate     *gate
	passing  *places // of questions that are passed on
	known    atomic.Pointer[directory]
	first    atomic.Pointer[string] // where it listens, if others are told another host: proto.actor's own actors are known by it
	changed  chan struct{}          // look again
	entrance *entrance.Entrance     // of handshakes that others began
	doors    doors
	bans     bans
	roads    roads
	proven   proven
	open     open
	seed     maphash.Seed  // of whom to ask for one account, if that needn't change
	calls    chan struct{} // holds one for each that is under way
	counts   counts
	closing  sync.Once
}

const (
	// callsAtOnce is how many calls a node may have under way.
	callsAtOnce = 512
	// pulse is how often a silent connection is tried.
	pulse = 15 * time.Second
)

// Open starts to answer and to ask.
func Open(c Config) (p *Placement, err error) {
	c.Patience = cmp.Or(c.Patience, 5*time.Second)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Dial == nil {
		dialer := net.Dialer{Timeout: c.Patience}
		c.Dial = func(ctx context.Context, addr string) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", addr) }
	}
	p = &Placement{
		config: c, self: c.Key.Public(), seed: maphash.MakeSeed(), changed: make(chan struct{}, 1), calls: make(chan struct{}, callsAtOnce),
		doors: doors{of: map[keys.PublicKey][]*doorway{}, closed: true}, bans: bans{until: map[keys.PublicKey]time.Time{}},
		roads: roads{to: map[string]*road{}, conns: map[*grpc.ClientConn]bool{}}, open: open{to: map[string]string{}}, proven: proven{by: map[string]keys.PublicKey{}}, counts: counts{of: map[string]uint64{}},
	}
	p.known.Store(newDirectory(nil, nil, nil))
	p.entrance = entrance.New(handshakes, handshakesEach, func(host string) bool { return p.known.Load().hosts[host] })
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.provider = &provider{p: p, members: map[keys.PublicKey]*member{}}
	p.lookup = &lookup{p: p, leaders: map[chain.ID]word{}, avoided: map[keys.PublicKey]fault{}}
	p.gate, p.passing = &gate{newPlaces(answers, answersEach, answerBytes), p}, newPlaces(onward, onwardEach, onwardBytes)
	conf, err := p.remoting()
	if err != nil {
		return nil, err
	}
	if err := p.start(conf); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// start brings proto.actor up. It panics where it can't listen.
func (p *Placement) start(conf *remote.Config) (err error) {
	log := slog.New(quiet{p.config.Log.Handler()})
	p.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return log }))
	p.system.ProcessRegistry.RegisterAddressResolver(p.resolve) // before proto.actor's own
	p.cluster = cluster.New(p.system, cluster.Configure("thinkey", p.provider, p.lookup, conf,
		cluster.WithClusterContextProducer(func(*cluster.Cluster) cluster.Context { return &call{p} })))
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("placement at %s: %v", p.config.Listen, v)
		}
	}()
	p.cluster.StartClient()
	p.system.EventStream.Subscribe(p.broke) // after proto.actor's own: what is still put to a connection that has ended is cut off, too
	_, port, err := net.SplitHostPort(p.system.Address())
	if err != nil {
		return fmt.Errorf("placement at %s: %w", p.config.Listen, err)
	}
	if p.config.Host != "" {
		first := p.system.Address()
		p.first.Store(&first)
		p.system.ProcessRegistry.Address = net.JoinHostPort(p.config.Host, port)
	}
	if _, fresh := p.system.ProcessRegistry.Add(p.gate, gateName); !fresh {
		return fmt.Errorf("placement: the name %q is taken", gateName)
	}
	p.doors.let()
	return nil
}

// remoting configures proto.actor's, behind TLS and the guards.
func (p *Placement) remoting() (*remote.Config, error) {
	secured, err := transport.Secured(p.config.Key)
	if err != nil {
		return nil, err
	}
	secured.NextProtos = []string{"h2"}
	host, port, err := net.SplitHostPort(p.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("placement: %w", err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("placement at %s: %w", p.config.Listen, err)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	conf := remote.Configure(host, int(n),
		remote.WithServerOptions(
			grpc.Creds(&secure{p, secured}), grpc.StreamInterceptor(p.guardStream), grpc.UnaryInterceptor(p.guardCall),
			grpc.ForceServerCodec(limited{}), grpc.MaxRecvMsgSize(maxFrame), grpc.MaxSendMsgSize(maxFrame), grpc.MaxConcurrentStreams(2),
			grpc.MaxHeaderListSize(4<<10), grpc.ConnectionTimeout(p.config.Patience), grpc.WaitForHandlers(true),
			grpc.KeepaliveParams(keepalive.ServerParameters{Time: pulse, Timeout: pulse}),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pulse / 2, PermitWithoutStream: true})),
		remote.WithDialOptions(
			grpc.WithTransportCredentials(&secure{p, secured}), grpc.WithStreamInterceptor(p.dialed), grpc.WithContextDialer(p.config.Dial),
			grpc.WithDisableServiceConfig(), grpc.WithMaxHeaderListSize(4<<10),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(limited{}), grpc.MaxCallRecvMsgSize(4<<10), grpc.MaxCallSendMsgSize(maxFrame)),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pulse, Timeout: pulse})))
	// One letter to a frame: so frames have a limit. One try for a connection: each further one leaks the connection before it.
	conf.EndpointWriterBatchSize, conf.EndpointWriterQueueSize, conf.MaxRetryCount = 1, 16, 1
	return conf, nil
}

// Addr is host:port as others know it.
func (p *Placement) Addr() string { return p.system.Address() }

// others are the nodes that are known, but for those that say to be where this one is: what is sent there would come to this one's own actors.
func (p *Placement) others() []Node {
	return slices.DeleteFunc(slices.Clone(p.config.Nodes()), func(n Node) bool {
		at, first := n.Record.ActorsAddress(), p.first.Load()
		return at == p.Addr() || first != nil && at == *first
	})
}

// Port is where it listens.
func (p *Placement) Port() uint16 {
	_, port, _ := net.SplitHostPort(p.Addr())
	n, _ := strconv.ParseUint(port, 10, 16) // it was made of one
	return uint16(n)
}

// Changed says that Config.Nodes may answer otherwise.
func (p *Placement) Changed() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// Request puts a question to an account, as kind says, Live or Copy, and returns the answer: proto.actor's cluster.Request. It may be
// delivered more than once. It ends with ctx, which must have a deadline; what was asked may be answered all the same, to nobody. An error is ErrNowhere,
// ErrSilent, ErrBusy, ErrClosed, context.Canceled, *Failure, or says what is wrong with the question.
func (p *Placement) Request(ctx context.Context, account chain.Address, kind string, body []byte) ([]byte, error) {
	select {
	case p.calls <- struct{}{}:
	default:
		p.counts.add(CountCalls)
		return nil, ErrBusy
	}
	defer func() { <-p.calls }()
	if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil || p.ctx.Err() != nil {
		return nil, cmp.Or(p.ended(), ctx.Err(), errDeadline)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	p.counts.add(CountAsked)
	got, err := p.cluster.Request(account.String(), kind, asking{ctx, body})
	if err != nil {
		return nil, cmp.Or(p.ended(), err)
	}
	return got.([]byte), nil // what call returns
}

func (p *Placement) ended() error {
	if p.ctx.Err() != nil {
		return ErrClosed
	}
	return nil
}

// Close stops answering and asking, and waits for what is being answered; calls under way end with ErrClosed.
func (p *Placement) Close() {
	p.closing.Do(func() {
		p.stop()
		_ = p.provider.Shutdown(false) // it has no error
		p.gate.close()
		p.endRoads()
		p.cluster.Remote.Shutdown(false)
		p.system.Shutdown()
	})
}

// quiet is a log of proto.actor's, for who looks closely: what others do wrong is no error of this node.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quiet) Enabled(ctx context.Context, _ slog.Level) bool {
	return q.Handler.Enabled(ctx, slog.LevelDebug)
}

// Handle implements slog.Handler.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	return q.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
