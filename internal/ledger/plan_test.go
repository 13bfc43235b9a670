package ledger
import ("testing";"database/sql")
func TestPlan(t *testing.T){ s:=openStore(t,t.TempDir())
 for _,q:=range []string{selectRow+`AND p.state IN ('a','b') AND p.position >= 5 ORDER BY p.position LIMIT 10`, selectRow+`AND p.position = 3`, `SELECT t.position
		FROM tasks t JOIN batches b ON b.key = t.batch
		JOIN progress p ON p.batch = t.batch AND p.position = t.position
		LEFT JOIN results r ON r.batch = t.batch AND r.position = t.position AND r.attempt = p.attempt
		LEFT JOIN verdicts v ON v.batch = t.batch AND v.position = t.position
		WHERE t.batch = ? AND t.position >= ? ORDER BY t.position LIMIT ?`, `SELECT seq, kind FROM events WHERE batch = ? AND seq >= ? ORDER BY seq LIMIT ?`,`SELECT 1 FROM attempts WHERE run_id = ?`} {
 s.read(func(c *connection) error { return c.all("EXPLAIN QUERY PLAN "+q, nil, func(r *sql.Rows)(bool,error){ var a,b,d int; var x string; r.Scan(&a,&b,&d,&x); t.Log(x); return true,nil})}); t.Log("--") }
}
