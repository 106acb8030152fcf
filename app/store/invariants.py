"""Invariants of the database, each as a query for the ids of records that break it."""

from __future__ import annotations

from sqlalchemy import Connection

from app.store.passport import invariants as passport
from app.store.people import invariants as people
from app.store.sql.statements import fetch_column

FEW = 20

INVARIANTS: dict[str, str] = {
    "the ledger equals the credit that holds": """
        SELECT activity_id || ' ' || subject || ' ' || target FROM (
            SELECT activity_id, subject, target, quarters FROM ledger
            UNION ALL
            SELECT c.activity_id, c.subject, CASE WHEN c.kind = 'cme' THEN 'CME' ELSE c.board END, -max(c.quarters)
            FROM credits c WHERE c.holds GROUP BY 1, 2, 3, c.completion_id) s
        GROUP BY activity_id, subject, target HAVING sum(quarters) <> 0""",
    "an activity's totals are those of its credits and completions": """
        SELECT activity_id FROM (
            SELECT activity_id, accepted, rejected, pending, quarters, persons FROM activity_totals
            UNION ALL SELECT activity_id, CASE WHEN status = 'accepted' THEN lines ELSE 0 END,
                CASE WHEN status = 'rejected' THEN lines ELSE 0 END, CASE WHEN status = 'pending' THEN lines ELSE 0 END,
                CASE WHEN status = 'rejected' THEN 0 ELSE quarters END, persons FROM activity_total_deltas
            UNION ALL SELECT activity_id, -sum(CASE WHEN status = 'accepted' THEN 1 ELSE 0 END),
                -sum(CASE WHEN status = 'rejected' THEN 1 ELSE 0 END),
                -sum(CASE WHEN status = 'pending' THEN 1 ELSE 0 END),
                -sum(CASE WHEN holds THEN quarters ELSE 0 END), 0 FROM credits GROUP BY activity_id
            UNION ALL SELECT activity_id, 0, 0, 0, 0, -count(DISTINCT subject) FROM completions
            WHERE withdrawn_at IS NULL GROUP BY activity_id) s
        GROUP BY activity_id HAVING sum(accepted) <> 0 OR sum(rejected) <> 0 OR sum(pending) <> 0
        OR sum(quarters) <> 0 OR sum(persons) <> 0""",
    "an activity's totals by board are those of its credits": """
        SELECT activity_id || ' ' || board || ' ' || status || ' ' || entry_method FROM (
            SELECT activity_id, board, status, entry_method, lines, quarters FROM activity_board_totals
            UNION ALL SELECT activity_id, board, status, entry_method, lines, quarters FROM activity_total_deltas
            WHERE board IS NOT NULL
            UNION ALL SELECT x.activity_id, x.board, x.status, c.entry_method, -count(*), -sum(x.quarters)
            FROM credits x JOIN completions c ON c.completion_id = x.completion_id WHERE x.status <> 'withdrawn'
            GROUP BY x.activity_id, x.board, x.status, c.entry_method) s
        GROUP BY activity_id, board, status, entry_method HAVING sum(lines) <> 0 OR sum(quarters) <> 0""",
    "no learner holds more than the activity's maximum": """
        SELECT l.activity_id || ' ' || l.subject || ' ' || l.target
        FROM ledger l JOIN activities a ON a.activity_id = l.activity_id
        LEFT JOIN activity_boards b ON b.activity_id = l.activity_id AND b.board = l.target
        WHERE a.format IN ('live-course', 'regularly-scheduled-series', 'enduring-material', 'performance-improvement')
        AND l.quarters > coalesce(b.points_quarters, a.ama_quarters)""",
    "a credit belongs to its completion's provider": """
        SELECT x.credit_id FROM credits x JOIN completions c ON c.completion_id = x.completion_id
        WHERE x.provider_id <> c.provider_id""",
    "every credit not withdrawn repeats its completion's activity, learner, date and occasion": """
        SELECT x.credit_id FROM credits x JOIN completions c ON c.completion_id = x.completion_id
        WHERE x.status <> 'withdrawn' AND (x.activity_id <> c.activity_id OR x.subject <> c.subject
        OR x.completed_on <> c.completed_on OR x.occasion <> c.occasion)""",
    "every credit of a withdrawn completion is withdrawn": """
        SELECT x.credit_id FROM credits x JOIN completions c ON c.completion_id = x.completion_id
        WHERE c.withdrawn_at IS NOT NULL AND x.status <> 'withdrawn'""",
    "a completion that is not withdrawn has REMS or a credit that is not withdrawn": """
        SELECT c.completion_id FROM completions c WHERE c.withdrawn_at IS NULL AND c.rems IS NULL AND NOT EXISTS (
            SELECT 1 FROM credits x WHERE x.completion_id = c.completion_id AND x.status <> 'withdrawn')""",
    "a completion belongs to its activity's provider": """
        SELECT c.completion_id FROM completions c JOIN activities a ON a.activity_id = c.activity_id
        WHERE a.provider_id <> c.provider_id""",
    "no credit type is above its credit": """
        SELECT t.credit_id FROM credit_types t JOIN credits x ON x.credit_id = t.credit_id
        WHERE t.quarters > x.quarters""",
    "every version of a completion is stored": """
        SELECT c.completion_id FROM completions c WHERE c.version <> (
            SELECT count(*) FROM completion_versions v
            WHERE v.completion_id = c.completion_id AND v.version <= c.version)
        OR EXISTS (
            SELECT 1 FROM completion_versions v WHERE v.completion_id = c.completion_id AND v.version > c.version)""",
    "every credit for a board has one event that reports it, unless it was taken over and has none": """
        SELECT x.credit_id FROM credits x JOIN completions c ON c.completion_id = x.completion_id
        JOIN providers p ON p.provider_id = c.provider_id
        WHERE x.delivery = 'board' AND p.sandbox_of IS NULL AND 1 <> (
            SELECT count(*) FROM board_events e WHERE e.credit_id = x.credit_id AND e.event = 'credit.reported')
        AND NOT (EXISTS (SELECT 1 FROM imported_credits i WHERE i.credit_id = x.credit_id)
            AND NOT EXISTS (SELECT 1 FROM board_events e WHERE e.credit_id = x.credit_id))""",
    "every withdrawn credit for a board has one event that withdraws it, and no other credit has one": """
        SELECT x.credit_id FROM credits x JOIN completions c ON c.completion_id = x.completion_id
        JOIN providers p ON p.provider_id = c.provider_id
        WHERE x.delivery = 'board' AND p.sandbox_of IS NULL AND
            (CASE WHEN x.status = 'withdrawn' THEN 1 ELSE 0 END) <> (
            SELECT count(*) FROM board_events e WHERE e.credit_id = x.credit_id AND e.event = 'credit.withdrawn')
        AND NOT (EXISTS (SELECT 1 FROM imported_credits i WHERE i.credit_id = x.credit_id)
            AND NOT EXISTS (SELECT 1 FROM board_events e WHERE e.credit_id = x.credit_id))""",
    "no credit for the transcript only has an event, and no event goes to another board": """
        SELECT e.event_id FROM board_events e JOIN credits x ON x.credit_id = e.credit_id WHERE x.delivery <> 'board'
        OR x.board <> e.board""",
    "every commit has the audit rows and board events it counts": """
        SELECT c.commit_id FROM commits c WHERE
            c.audit_rows <> (SELECT count(*) FROM audit a WHERE a.commit_id = c.commit_id)
            OR c.board_events <> (SELECT count(*) FROM board_events e WHERE e.commit_id = c.commit_id)""",
    "every version of a completion belongs to a commit that stands in the audit log": """
        SELECT v.completion_id FROM completion_versions v WHERE NOT EXISTS (
            SELECT 1 FROM audit a WHERE a.commit_id = v.commit_id AND a.noun = 'completion'
            AND a.subject_id = v.completion_id)""",
    "the board events of a commit are numbered from 0 without gaps": """
        SELECT commit_id FROM board_events GROUP BY commit_id HAVING min(item) <> 0 OR max(item) <> count(*) - 1
        OR 2 * sum(item) <> count(*) * (count(*) - 1)""",
    "a seal has as many commits as it says, numbered from 0 without gaps": """
        SELECT s.number FROM seals s LEFT JOIN sealed_commits c ON c.seal = s.number GROUP BY s.number, s.commits
        HAVING count(c.place) <> s.commits OR min(c.place) <> 0 OR max(c.place) <> count(*) - 1
        OR 2 * sum(c.place) <> count(*) * (count(*) - 1)""",
    "every decision is on an event about its credit in its board's feed": """
        SELECT d.decision_id FROM decisions d WHERE NOT EXISTS (
            SELECT 1 FROM feed f JOIN board_events e ON e.event_id = f.event_id
            WHERE f.board = d.board AND f.position = d.position AND e.credit_id = d.credit_id)""",
    "the last decision of a board is a decision of that board": """
        SELECT l.board FROM last_decisions l WHERE NOT EXISTS (
            SELECT 1 FROM decisions d WHERE d.decision_id = l.decision_id AND d.board = l.board)""",
    "every commit is sealed once, or waits to be": """
        SELECT c.commit_id FROM commits c WHERE 1 <> (
            (SELECT count(*) FROM sealed_commits s WHERE s.commit_id = c.commit_id) +
            (SELECT count(*) FROM unsealed u WHERE u.commit_id = c.commit_id))""",
    "every event of a sealed commit has a position in its board's feed, and no other event has one": """
        SELECT e.event_id FROM board_events e
        LEFT JOIN feed f ON f.event_id = e.event_id LEFT JOIN sealed_commits s ON s.commit_id = e.commit_id
        WHERE (f.event_id IS NULL) <> (s.commit_id IS NULL) OR f.board <> e.board""",
    "providers' events have positions from 1 without gaps": """
        SELECT max(position) FROM events HAVING count(*) <> max(position) OR min(position) <> 1""",
    "every sealed report has an event for its provider": """
        SELECT a.commit_id FROM audit a JOIN sealed_commits s ON s.commit_id = a.commit_id
        WHERE a.noun = 'completion' AND a.verb = 'report'
        EXCEPT SELECT e.commit_id FROM events e""",
    "an endpoint has deliveries of its own provider's events, or of its own board, and no others": """
        SELECT d.delivery_id FROM webhook_deliveries d JOIN webhook_endpoints w ON w.endpoint_id = d.endpoint_id
        LEFT JOIN events e ON e.event_id = d.event_id
        LEFT JOIN providers p ON p.provider_id = e.provider_id
        LEFT JOIN providers o ON o.provider_id = w.provider_id
        WHERE d.type <> 'webhook.test' AND ((w.board IS NULL AND (e.event_id IS NULL OR e.type <> d.type
            OR d.provider_id IS NULL OR coalesce(p.merged_into, e.provider_id) <> d.provider_id
            OR coalesce(p.merged_into, e.provider_id) <> coalesce(o.merged_into, o.provider_id)))
        OR (w.board IS NOT NULL AND d.type NOT IN ('feed.available', 'batch.completed')))""",
    "an endpoint for all providers has deliveries of those only that granted its client the right": """
        SELECT d.delivery_id FROM webhook_deliveries d JOIN webhook_endpoints w ON w.endpoint_id = d.endpoint_id
        WHERE w.provider_id IS NULL AND w.board IS NULL AND d.provider_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM grants g WHERE g.client_id = w.client_id AND g.provider_id = d.provider_id)""",
    "a delivery is finished exactly when it is delivered or dead": """
        SELECT delivery_id FROM webhook_deliveries WHERE (finished_at IS NULL) <> (status IN ('pending', 'sending'))""",
    "an endpoint belongs where its client does: to the sandbox, to live providers, or to its board": """
        SELECT w.endpoint_id FROM webhook_endpoints w JOIN clients c ON c.client_id = w.client_id
        LEFT JOIN providers p ON p.provider_id = w.provider_id
        WHERE (w.board IS NOT NULL AND (c.board IS NULL OR c.board <> w.board))
        OR (w.board IS NULL AND c.board IS NOT NULL)
        OR (w.provider_id IS NOT NULL AND c.test <> (p.sandbox_of IS NOT NULL))""",
    "no feed has a withdrawal before its report": """
        SELECT w.event_id FROM board_events w JOIN feed f ON f.event_id = w.event_id
        JOIN board_events r ON r.credit_id = w.credit_id AND r.event = 'credit.reported'
        LEFT JOIN feed g ON g.event_id = r.event_id
        WHERE w.event <> 'credit.reported' AND (g.event_id IS NULL OR g.position >= f.position)""",
    "positions of a feed start at 1 and have no gaps": """
        SELECT board FROM feed GROUP BY board HAVING min(position) <> 1 OR max(position) <> count(*)""",
    "no completion of the sandbox has an event for a board": """
        SELECT e.event_id FROM board_events e JOIN completions c ON c.completion_id = e.completion_id
        JOIN providers p ON p.provider_id = c.provider_id WHERE p.sandbox_of IS NOT NULL""",
    "completions of the sandbox are of its own learners, and live ones of physicians": """
        SELECT c.completion_id FROM completions c JOIN providers p ON p.provider_id = c.provider_id
        JOIN learners l ON l.learner_id = c.learner_id WHERE (p.sandbox_of IS NULL) <> (l.sandbox = '')""",
    "test clients act for the sandbox only, and no other client does": """
        SELECT g.client_id FROM grants g JOIN clients c ON c.client_id = g.client_id
        JOIN providers p ON p.provider_id = g.provider_id
        WHERE g.revoked_at IS NULL AND c.test <> (p.sandbox_of IS NOT NULL)""",
    "nobody is merged into who was merged, and nothing belongs to a provider that was": """
        SELECT p.provider_id FROM providers p WHERE p.merged_into IS NOT NULL AND (EXISTS (
            SELECT 1 FROM providers r WHERE r.provider_id = p.merged_into AND r.merged_into IS NOT NULL)
        OR EXISTS (SELECT 1 FROM activities t WHERE t.provider_id = p.provider_id)
        OR EXISTS (SELECT 1 FROM completions t WHERE t.provider_id = p.provider_id)
        OR EXISTS (SELECT 1 FROM batches t WHERE t.provider_id = p.provider_id)
        OR EXISTS (SELECT 1 FROM held_records t WHERE t.provider_id = p.provider_id)
        OR EXISTS (SELECT 1 FROM grants t WHERE t.provider_id = p.provider_id AND t.revoked_at IS NULL)
        OR EXISTS (
            SELECT 1 FROM webhook_endpoints t WHERE t.provider_id = p.provider_id AND t.deleted_at IS NULL))""",
    "a provider's total is the sum of its uploads": """
        SELECT provider_id FROM (
            SELECT provider_id, bytes FROM upload_totals
            UNION ALL SELECT provider_id, -stored FROM uploads WHERE provider_id IS NOT NULL) s
        GROUP BY provider_id HAVING sum(bytes) <> 0""",
    "a board's total is the sum of its uploads": """
        SELECT board FROM (
            SELECT board, bytes FROM board_upload_totals
            UNION ALL SELECT board, -stored FROM uploads WHERE board IS NOT NULL) s
        GROUP BY board HAVING sum(bytes) <> 0""",
    "an upload's size is the sum of its pieces": """
        SELECT u.upload_id FROM uploads u WHERE coalesce(u.provider_id, u.board) IS NOT NULL AND u.stored <> (
            SELECT coalesce(sum(length(p.content)), 0) FROM upload_pieces p WHERE p.upload_id = u.upload_id)""",
    "a licence number is one physician's at a time, but for those that others only claim": """
        SELECT h.learner_id FROM licenses h JOIN learners l ON l.learner_id = h.learner_id
        JOIN licenses o ON o.board = h.board AND o.short_key = h.short_key AND o.id_key = h.id_key
        JOIN learners m ON m.learner_id = o.learner_id
        WHERE h.learner_id < o.learner_id AND l.sandbox = '' AND m.sandbox = ''
        AND h.self_reported IS NULL AND o.self_reported IS NULL
        AND (h.ends_on IS NULL OR o.starts_on IS NULL OR h.ends_on >= o.starts_on)
        AND (o.ends_on IS NULL OR h.starts_on IS NULL OR o.ends_on >= h.starts_on)""",
    "nobody is an alias of an alias, and nothing is on file of an alias": """
        SELECT l.learner_id FROM learners l JOIN learners m ON m.learner_id = l.merged_into
        WHERE m.merged_into IS NOT NULL OR l.npi IS NOT NULL
        OR EXISTS (SELECT 1 FROM learner_names n WHERE n.learner_id = l.learner_id)
        OR EXISTS (SELECT 1 FROM licenses h WHERE h.learner_id = l.learner_id)
        OR EXISTS (SELECT 1 FROM certifications h WHERE h.learner_id = l.learner_id)
        OR EXISTS (SELECT 1 FROM completions c WHERE c.learner_id = l.learner_id AND c.withdrawn_at IS NULL)""",
    "who is an alias has one merge that stands, and nobody else has one": """
        SELECT l.learner_id FROM learners l LEFT JOIN registry_merges m
        ON m.learner_id = l.learner_id AND m.undone_at IS NULL
        WHERE (l.merged_into IS NULL) <> (m.merge_id IS NULL)""",
    "a held record that was accepted has a completion of its provider": """
        SELECT h.held_id FROM held_records h LEFT JOIN completions c ON c.completion_id = h.completion_id
        WHERE h.status = 'accepted' AND (c.completion_id IS NULL OR c.provider_id <> h.provider_id)""",
    "a held record is found by what was sent": """
        SELECT h.held_id FROM held_records h WHERE NOT EXISTS (
            SELECT 1 FROM held_digests d WHERE d.held_id = h.held_id AND d.provider_id = h.provider_id)""",
    "a held record belongs to its activity's provider": """
        SELECT h.held_id FROM held_records h JOIN activities a ON a.activity_id = h.activity_id
        WHERE a.provider_id <> h.provider_id""",
    "a row of a file that is held has its record, which is its provider's": """
        SELECT r.batch_id FROM batch_rows r JOIN batches b ON b.batch_id = r.batch_id
        LEFT JOIN held_records h ON h.held_id = r.record_id
        WHERE r.outcome = 'held' AND NOT b.dry_run AND (h.held_id IS NULL OR h.provider_id <> b.provider_id)""",
    "an end of a held record stands in the audit log": """
        SELECT h.held_id FROM held_records h WHERE h.status <> 'waiting' AND NOT EXISTS (
            SELECT 1 FROM audit a WHERE a.noun = 'held-record' AND a.subject_id = h.held_id
            AND a.verb = CASE h.status WHEN 'accepted' THEN 'match' WHEN 'refused' THEN 'refuse'
            ELSE 'set-aside' END)""",
    "help is asked for with a record that waits, or is answered or closed": """
        SELECT q.help_id FROM help_requests q JOIN held_records h ON h.held_id = q.held_id
        WHERE (q.status = 'open' AND h.status <> 'waiting') OR (q.status = 'open') <> (q.answered_at IS NULL)""",
    "digests are made in the transaction of an upgrade": "SELECT noun FROM digests_due",
    "a learner's names carry the learner's birth date": """
        SELECT n.learner_id FROM learner_names n JOIN learners l ON l.learner_id = n.learner_id
        WHERE n.birth_date <> coalesce(l.birth_date, '')""",
}


ALL = INVARIANTS | people.INVARIANTS | passport.INVARIANTS


def broken(connection: Connection) -> dict[str, list[str]]:
    """Return the invariants that do not hold, each with the ids of the first few records that break it."""
    broken_by: dict[str, list[str]] = {}
    for invariant, query in ALL.items():
        ids = fetch_column(connection, f"{query} LIMIT {FEW}")
        if ids:
            broken_by[invariant] = [str(id) for id in ids]
    return broken_by
