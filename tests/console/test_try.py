import pytest
from tests.harness.console.windows import sign_in
DATABASES=["sqlite"]
def test_try(window, service):
    sign_in(window, service)
    for path in ["","/learners","/summary","/activities/201759558/learners","/activities/100000000/learners", "/completions/withdraw"]:
        window.open("/p/0008001"+path)
        print(window.status, window.text[:1800])
    from lxml import html
    import re
    ids = re.findall(r"/completions/([0-9a-f-]{30,})\"", window.shown.text)
    print(ids)
    window.open("/p/0008001/completions/"+ids[0]); print(window.status, window.text)
    window.open("/p/0008001/completions/"+ids[0]+"/withdraw"); print(window.status, window.text)
    window.submit("/p/0008001/completions/withdraw"); print(window.status, window.text[:900])
    window.open("/p/0008001/completions/"+ids[0]); print(window.status, window.text)
    for k in ("credit-lines","activity-summaries","year-totals","attendance"):
        r=window.browser.get(f"/p/0008001/downloads/{k}?format=csv&year=2021" if k[0]=="y" else f"/p/0008001/downloads/{k}?format=csv"); print(r.status_code, r.headers, r.text[:200])
    assert 0
