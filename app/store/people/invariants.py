"""Invariants of people, each as a query for the ids of rows that break it."""

from __future__ import annotations

INVARIANTS: dict[str, str] = {
    "a membership is a person's client, and a person's client is a membership": """
        SELECT c.client_id FROM clients c LEFT JOIN memberships m ON m.client_id = c.client_id
        WHERE (c.kind IS NOT NULL) <> (m.client_id IS NOT NULL)""",
    "a membership has no key": """
        SELECT s.client_id FROM client_secrets s JOIN memberships m ON m.client_id = s.client_id""",
    "a membership's role fits its client": """
        SELECT m.client_id FROM memberships m JOIN clients c ON c.client_id = m.client_id
        WHERE (m.role = 'operator') <> (c.role = 'operator') OR (m.role = 'board') <> (c.role = 'board')
        OR (m.role = 'learner') <> (c.role = 'learner')
        OR (m.vendor_client IS NOT NULL) <> (c.role = 'vendor')""",
    "a member of a vendor acts for those that its client acts for": """
        SELECT m.client_id FROM memberships m JOIN clients c ON c.client_id = m.client_id AND c.revoked_at IS NULL
        JOIN clients v ON v.client_id = m.vendor_client WHERE v.revoked_at IS NOT NULL OR v.test <> c.test
        OR coalesce(v.organisation, v.client_id) <> coalesce(c.organisation, '')
        OR EXISTS (SELECT 1 FROM grants g WHERE g.client_id = m.client_id AND g.revoked_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM grants h WHERE h.client_id = m.vendor_client AND h.provider_id = g.provider_id
            AND h.revoked_at IS NULL))
        OR EXISTS (SELECT 1 FROM grants h WHERE h.client_id = m.vendor_client AND h.revoked_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM grants g WHERE g.client_id = m.client_id AND g.provider_id = h.provider_id
            AND g.revoked_at IS NULL))""",
    "a member of a provider acts for one provider": """
        SELECT m.client_id FROM memberships m JOIN clients c ON c.client_id = m.client_id AND c.role = 'provider'
        WHERE c.revoked_at IS NULL AND 1 <> (
            SELECT count(*) FROM grants g WHERE g.client_id = m.client_id AND g.revoked_at IS NULL)""",
    "nothing is left of who was removed": """
        SELECT p.person_id FROM people p WHERE p.removed_at IS NOT NULL AND (
            p.address IS NOT NULL OR p.name IS NOT NULL OR p.totp_secret IS NOT NULL
            OR EXISTS (SELECT 1 FROM memberships m JOIN clients c ON c.client_id = m.client_id
                WHERE m.person_id = p.person_id AND c.revoked_at IS NULL)
            OR EXISTS (SELECT 1 FROM sessions s WHERE s.person_id = p.person_id AND s.ended_at IS NULL)
            OR EXISTS (SELECT 1 FROM recovery_codes r WHERE r.person_id = p.person_id))""",
    "a mail is finished exactly when it was sent or given up, and says nothing any longer": """
        SELECT mail_id FROM mails WHERE (finished_at IS NULL) <> (status IN ('pending', 'sending'))
        OR (finished_at IS NULL) <> (content IS NOT NULL)""",
}
