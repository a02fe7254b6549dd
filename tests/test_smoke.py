def test_x(sample_site, client):
    r = client.get("/")
    assert r.status_code == 200, r.content[:2000]
