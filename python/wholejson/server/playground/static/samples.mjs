// Documents to begin with, as models write them.

export const SAMPLES = [
  {
    name: "A restaurant",
    text: `{
  "name": "Casa do Limão",
  "cuisine": "Portuguese",
  "rating": 4.7,
  "open_now": true,
  "address": {"street": "Rua das Flores 41", "city": "Lisbon", "postcode": "1200-194"},
  "dishes": [
    {"dish": "Grilled sardines", "price": 14.50, "vegetarian": false},
    {"dish": "Açorda with garlic", "price": 11.00, "vegetarian": true},
    {"dish": "Almond \\"Tarte\\"", "price": 5.20, "vegetarian": true}
  ],
  "tags": ["seafood", "terrace", "family-run"],
  "review": "The sardines come straight from the coals, the bread is still warm, and nobody hurries you. Book the small table by the lemon tree. \\ud83c\\udf4b",
  "michelin_stars": null
}`,
  },
  {
    name: "Malformed JSON",
    text: `{
  // the model was in a hurry
  'title': "Meeting about the "new" plan",
  "date": 2026-03-14,
  "attendees": ["Ana", "Børge", "Chen",],
  "urgent": True
  "notes": 'It\\'s on, unless it isn't',
  "room": None,
  budget: 1_000`,
  },
  {
    name: "Chatter around it",
    text: `<think>
They want a user. I should answer with {"name": …} and nothing else.
</think>
Sure! Here is the user you asked for:

\`\`\`json
{
  "name": "John Doe",
  "age": 30,
  "email": "john.doe@example.com"
}
\`\`\`

Let me know if you need anything else!`,
  },
  {
    name: "Cut off",
    text: `{"invoice": "2026-0193", "lines": [{"item": "Oak board, planed", "quantity": 12, "price": 18.40}, {"item": "Wood screws 4 × 40", "quantity": 200, "price": 0.06}, {"item": "Linseed oil, 1 l", "quantity": 3, "price": 12`,
  },
  { name: "A long report", text: report() },
];

/** Some kilobytes, on which the modes differ. */
function report() {
  const places = ["Porto", "Ghent", "Tartu", "Graz", "Malmö", "Trieste", "Galway", "Split"];
  const sections = places.map((city, at) => ({
    city,
    visitors: 41200 + 3187 * at,
    change: Number((2.5 - 0.75 * at).toFixed(2)),
    summary:
      `In ${city} the season began ${at % 2 ? "late" : "early"} and lasted into the autumn. Museums ` +
      "report more families and fewer groups; the small hotels near the river were full on most " +
      "weekends, while the large ones by the station were not.",
    highlights: ["night train", "old town", at % 3 ? "book fair" : "boat race"],
  }));
  return JSON.stringify({ title: "Eight cities, one summer", year: 2026, sections }, null, 2);
}
