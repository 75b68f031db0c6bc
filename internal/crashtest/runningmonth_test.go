package crashtest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"extrato/internal/pgtest"
	"extrato/internal/store/storetest"
)

// promise is the age of the rows that no kill may take.
const promise = 15 * time.Minute

// runningMonth is a studio at work: people record payments through a server, which
// copies the database, until both are killed.
type runningMonth struct {
	s       *studio
	clock   *handClock
	cluster *pgtest.Cluster // nil: SQLite
	db      *sql.DB
	server  *served
	people  *http.Client

	password string // of their login

	restored      int       // the newest job of the database that the server begins with
	seen, written int       // looks for changes, and writes counted at the last one
	looked        time.Time // of the clock

	lock  sync.Mutex
	sent  map[string]string    // every request by its key
	heard map[string]time.Time // the clock when it was acknowledged
}

// kills is how often server and database are killed.
func kills(t *testing.T, least int) int {
	if text := os.Getenv("EXTRATO_CRASH_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return least
}

func TestKilling_server_and_database_loses_nothing_acknowledged_15_minutes_before(t *testing.T) {
	program := build(t, "stoppoints")
	for name, start := range map[string]func(*testing.T) *runningMonth{
		"sqlite": func(t *testing.T) *runningMonth {
			db := storetest.SQLite(t, time.Now)
			fill(t, db, 40)
			db.Store.Close()
			if err := db.SQL.Close(); err != nil {
				t.Fatal(err)
			}
			return &runningMonth{s: &studio{program: program, url: db.URL, path: db.Path, dir: t.TempDir()}}
		},
		"postgres": func(t *testing.T) *runningMonth {
			s, cluster := clusterStudio(t, program, 40)
			return &runningMonth{s: s, cluster: cluster}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := start(t)
			m.clock = newHandClock(t)
			m.s.env = []string{"EXTRATO_CLOCK=" + m.clock.file, "ENABLE_MONTHLY_EXTRATO_JOB=false", "EXTRATO_BACKUPS_COPY="}
			m.sent, m.heard = map[string]string{}, map[string]time.Time{}
			m.s.mustRun(t, []int{0}, "close", month)
			m.addLogin(t)
			lost := 0
			for round := range kills(t, 3) {
				m.begin(t)
				m.resend(t)
				m.work(t, round)
				lost += m.restore(t)
				// Copies of other hours and days begin to be thinned.
				m.clock.forward(t, time.Duration(rand.IntN(20*60))*time.Minute)
			}
			m.begin(t)
			m.resend(t)
			m.once(t)
			m.db.Close()
			t.Logf("%d payments acknowledged; %d younger than %s were lost with the database, and recorded again", len(m.heard), lost, promise)
		})
	}
}

const email = "eva@example.com"

func (m *runningMonth) addLogin(t *testing.T) {
	t.Helper()
	_, password, ok := strings.Cut(m.s.mustRun(t, []int{0}, "user", "add", email, "--name", "Eva").stdout.String(), "shown only now: ")
	if !ok {
		t.Fatal("no password was printed")
	}
	m.password = strings.TrimSpace(password)
}

// begin starts a server, signs in and waits for its first look for changes.
func (m *runningMonth) begin(t *testing.T) {
	t.Helper()
	if m.db == nil {
		m.db = m.s.connect(t)
	}
	m.seen = 0
	m.server = m.s.serve(t, m.s.url)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	m.people = &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{}}
	answer, err := m.people.PostForm(m.server.base()+"/login", url.Values{"email": {email}, "password": {m.password}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	await(t, time.Minute, "a first look for changes", func() bool { return m.sees(t) })
}

// send records a payment, and reports whether it was acknowledged.
func (m *runningMonth) send(t *testing.T, key, body string) bool {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.server.base()+"/api/v1/payments", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	answer, err := m.people.Do(request)
	if err != nil {
		return false // it was killed
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusCreated:
		return true
	case answer.StatusCode < http.StatusInternalServerError: // else the database was killed before the server
		t.Errorf("a payment was answered with %s", answer.Status)
	}
	return false
}

func (m *runningMonth) record(t *testing.T, key, body string) bool {
	m.lock.Lock()
	m.sent[key] = body
	m.lock.Unlock()
	if !m.send(t, key, body) {
		return false
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.heard[key] = m.clock.now()
	return true
}

// work has four people record payments until server and database are killed.
func (m *runningMonth) work(t *testing.T, round int) {
	t.Helper()
	var people sync.WaitGroup
	for person := range 4 {
		people.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("round-%d-person-%d-payment-%d", round, person, n)
				body := fmt.Sprintf(`{"date":%q,"amount":"%d.%02d","method":"Pix","artist_id":1,"client_id":1,"note":%q,"confirm":["equal_payment","far_day","unusual_amount"]}`,
					m.clock.now().In(storetest.Zone).Format(time.DateOnly), 100+n, person, key)
				if !m.record(t, key, body) {
					return
				}
				time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
			}
		})
	}
	m.pass(t, int(promise/time.Minute)+rand.IntN(20))
	if rand.IntN(2) == 0 { // in the middle of a copy
		for m.clock.now().Sub(m.looked) < looks {
			m.pass(t, 1)
		}
	}
	time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
	m.kill(t)
	people.Wait()
}

// kill kills server and database, and takes the database away.
func (m *runningMonth) kill(t *testing.T) {
	t.Helper()
	killServer := func() {
		signal(t, m.server, syscall.SIGKILL)
		<-m.server.ended
	}
	if m.cluster == nil {
		killServer()
		m.db.Close()
		for _, ending := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(m.s.path + ending); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		return
	}
	if rand.IntN(2) == 0 {
		killServer()
		m.cluster.Kill(t)
	} else {
		m.cluster.Kill(t)
		killServer()
	}
	m.db.Close()
	m.cluster.Start(t)
	name := fmt.Sprintf("studio_%d", copies.Add(1))
	m.s.url = withDatabase(t, m.s.url, name)
	m.s.admin(t, "CREATE DATABASE "+name)
}

var restoreLine = regexp.MustCompile(`extrato (backup restore --full [^\s,;]+)`)

// restore puts the newest copy into a new database, as the program's own hint says,
// and returns how many acknowledged payments are not in it.
func (m *runningMonth) restore(t *testing.T) (lost int) {
	t.Helper()
	killed := m.clock.now()
	hint := m.s.mustRun(t, []int{3}, "migrate")
	found := restoreLine.FindStringSubmatch(hint.stderr.String())
	if found == nil {
		t.Fatal(hint)
	}
	m.s.mustRun(t, []int{0}, strings.Fields(found[1])...)
	m.db = m.s.connect(t)
	m.restored = m.number(t, "SELECT max(id) FROM "+m.s.own("river_job"))
	m.s.sound(t)
	if n := m.s.closings(t); n != 1 {
		t.Errorf("%d entries in the restored chain, want one", n)
	}
	there := m.recorded(t)
	for key, at := range m.heard {
		switch {
		case there[key] > 0:
		case killed.Sub(at) > promise:
			t.Errorf("%s was acknowledged %s before the kill and is not in %s", key, killed.Sub(at), found[1])
		default:
			lost++
		}
	}
	return lost
}

// recorded counts the payments by their keys.
func (m *runningMonth) recorded(t *testing.T) map[string]int {
	t.Helper()
	there := map[string]int{}
	each(t, m.db, "SELECT observacoes FROM pagamentos WHERE observacoes LIKE 'round-%'", func(values []sql.NullString) {
		there[values[0].String]++
		if there[values[0].String] > 1 {
			t.Errorf("%s is recorded twice", values[0].String)
		}
		if m.sent[values[0].String] == "" {
			t.Errorf("%s was never sent", values[0].String)
		}
	})
	return there
}

// resend records again what was lost or never answered, with its old key, and
// repeats some requests that were not lost.
func (m *runningMonth) resend(t *testing.T) {
	t.Helper()
	there := m.recorded(t)
	for key, body := range m.sent {
		at, heard := m.heard[key]
		switch {
		case !heard || there[key] == 0:
			if !m.record(t, key, body) {
				t.Errorf("%s could not be sent again", key)
			}
		case rand.IntN(20) == 0 && m.clock.now().Sub(at) < 23*time.Hour: // a key is known for a day
			if !m.send(t, key, body) {
				t.Errorf("%s could not be repeated", key)
			}
		}
	}
}

// once fails the test unless every payment is recorded once.
func (m *runningMonth) once(t *testing.T) {
	t.Helper()
	there := m.recorded(t)
	for key := range m.sent {
		if there[key] != 1 {
			t.Errorf("%s is recorded %d times", key, there[key])
		}
	}
	copies, err := filepath.Glob(filepath.Join(m.s.folder(), "inteiro", "*Z.*[pe]"))
	if err != nil || len(copies) == 0 {
		t.Errorf("copies: %v, %v", copies, err)
	}
}
