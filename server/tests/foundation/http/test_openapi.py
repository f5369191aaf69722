"""The OpenAPI document says what the API does."""

from fastapi import FastAPI
from pydantic import BaseModel

from homeport.foundation.http.openapi import describe


class Body(BaseModel):
    name: str


def test_the_document_names_the_key_and_the_answers_that_really_come():
    app = FastAPI(title="Homeport", version="1")

    @app.post("/api/things")
    def make(body: Body) -> Body:
        return body

    document = describe(app)
    assert document["components"]["securitySchemes"]["api_key"] == {"type": "apiKey", "in": "header", "name": "x-api-key"}
    answers = document["paths"]["/api/things"]["post"]["responses"]
    assert "422" not in answers
    assert set(answers) >= {"200", "400", "401", "403"}
    assert "HTTPValidationError" not in document["components"]["schemas"]
