import { memo, useState } from "react";

import { useWholeJSON } from "./useWholeJSON.js";

export function App() {
  const [dish, setDish] = useState("Lemon pasta for two");
  const recipe = useWholeJSON("/api/recipe/chat/completions");

  const submit = (event) => {
    event.preventDefault();
    recipe.start({ dish });
  };

  return (
    <main>
      <h1>What shall we cook?</h1>
      <form onSubmit={submit}>
        <label htmlFor="dish">Dish</label>
        <div className="ask">
          <input id="dish" value={dish} onChange={(event) => setDish(event.target.value)} />
          {/* Two keys, two buttons: one that became the other in a click would submit the form. */}
          {recipe.streaming ? (
            <button key="stop" type="button" onClick={recipe.stop}>
              Stop
            </button>
          ) : (
            <button key="cook" type="submit">
              Cook
            </button>
          )}
        </div>
      </form>
      <p className="state" role="status">
        {stateOf(recipe)}
      </p>
      {recipe.value && <Recipe recipe={recipe.value} growing={recipe.streaming} />}
    </main>
  );
}

function stateOf({ streaming, error, status }) {
  if (streaming) {
    return "The model is writing …";
  }
  if (error) {
    return `It failed: ${error.message}`;
  }
  return status ? (status.complete ? "Done" : "The answer was cut off") : "";
}

// Every member may be missing while the recipe grows.
function Recipe({ recipe, growing }) {
  const { title, minutes, vegetarian, ingredients = [], steps = [] } = recipe;
  return (
    <article aria-busy={growing}>
      <h2>{title}</h2>
      <p className="facts">
        {minutes !== undefined && <span>{minutes} minutes</span>}
        {vegetarian && <span>vegetarian</span>}
      </p>
      {ingredients.length > 0 && (
        <ul>
          {ingredients.map((ingredient, at) => (
            <Ingredient key={at} ingredient={ingredient} />
          ))}
        </ul>
      )}
      {steps.length > 0 && (
        <ol>
          {steps.map((step, at) => (
            <Step key={at} step={step} />
          ))}
        </ol>
      )}
    </article>
  );
}

// Rendered again only when it grew itself: what did not change is the same object.
const Ingredient = memo(({ ingredient }) => (
  <li>
    <span>{ingredient.name}</span> <span className="amount">{ingredient.amount}</span>
  </li>
));

const Step = memo(({ step }) => <li>{step}</li>);
