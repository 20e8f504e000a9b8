/**
 * What the base is taught in the lab: recipes, written for this course, in the thirty characters that the poems have. (There
 * is no letter after w and before y. Whoever wants to stir two things together must stir.)
 *
 * The last two are kept back: no model trains on them.
 */
export const RECIPES: string[] = [
  `pancakes.
take two eggs, a cup of milk and a cup of flour.
stir until smooth, and let it stand for an hour.
melt some butter in a hot pan, and pour in a ladle of batter.
turn it when the edge is brown. serve with sugar and lemon.
`,
  `potato soup.
peel five potatoes and two carrots, and cut them small.
fry an onion in butter, add the potatoes and a litre of water.
cook for half an hour, add salt and pepper, and stir well.
serve hot, with a spoon of cream.
`,
  `tomato sauce.
cut an onion and fry it in olive oil until soft.
add a clove of garlic and five ripe tomatoes, cut small.
cook for half an hour, stir now and then, add salt and basil.
serve hot, with pasta.
`,
  `bread.
take a pound of flour, a spoon of salt and a little yeast.
add a cup of warm water, and knead the dough until smooth.
let it stand for two hours in a warm place.
bake it in a hot oven for an hour, until the crust is brown.
`,
  `rice with peas.
wash a cup of rice, and drain it well.
fry an onion in butter, add the rice, and stir until hot.
add two cups of water and a little salt, and cook until soft.
add a cup of green peas, and serve hot.
`,
  `apple cake.
stir a cup of sugar with two eggs and some soft butter.
add two cups of flour and a spoon of baking powder.
peel three apples, cut them small, and put them on the dough.
bake it in a hot oven for an hour. serve warm, with cream.
`,
  `onion soup.
cut five onions, and fry them in butter until brown.
add a spoon of flour, stir well, and add a litre of water.
cook for half an hour, add salt and pepper.
put bread and cheese on top, and bake until the cheese is brown.
`,
  `noodles.
take two cups of flour, two eggs and a little salt.
knead the dough until smooth, and let it stand for half an hour.
roll it thin, and cut it into strips.
cook them in hot water with salt, drain well, and serve with butter.
`,
  `fried eggs.
melt some butter in a hot pan.
break two eggs into the pan, add salt and pepper.
fry them until the edge is brown. serve hot, with bread.
`,
  `bean stew.
wash two cups of white beans, and let them stand in water for a night.
fry an onion and a carrot in olive oil, add the beans and a litre of water.
cook for two hours, stir now and then, add salt and pepper.
serve hot, with bread.
`,
  `plum jam.
wash two pounds of ripe plums, and cut them small.
add a pound of sugar, stir well, and let it stand for an hour.
cook for half an hour, stir now and then.
pour it hot into a clean jar.
`,
  `cheese toast.
cut two slices of bread, and put some butter on top.
add a slice of cheese, a little pepper and a ripe tomato.
bake in a hot oven until the cheese is brown. serve warm.
`,
  `carrot salad.
peel five carrots, and cut them into thin strips.
stir two spoons of olive oil with the juice of a lemon.
add salt, pepper and a little sugar, and stir well.
let it stand for half an hour, and serve cold.
`,
  `vegetable pie.
knead two cups of flour with soft butter and a little water.
roll the dough thin, and put it into a pan.
fry an onion, two carrots and a cup of green peas in butter.
put them on the dough, add three eggs and a cup of cream.
bake it in a hot oven for half an hour, until the top is brown.
`,
  `lemonade.
take the juice of five lemons and a cup of sugar.
add a little hot water, and stir until smooth.
add a litre of cold water, and let it stand for an hour.
serve cold, with a slice of lemon.
`,
  `mushroom rice.
fry an onion in olive oil until soft, add a cup of rice.
cut five mushrooms into thin slices, and put them into the pan.
add two cups of water, salt and pepper, and cook until soft.
stir in some butter and cheese, and serve hot.
`,
  `biscuits.
stir some soft butter with a cup of sugar and two eggs.
add three cups of flour, and knead the dough until smooth.
let it stand in a cold place for an hour, and roll it thin.
cut it small, and bake in a hot oven until brown.
`,
  `cucumber salad.
peel a cucumber, and cut it into thin slices.
add a little salt, let it stand for half an hour, and drain it.
stir a cup of cream with the juice of a lemon, salt and pepper.
add the cucumber, stir well, and serve cold.
`,
  `leek soup.
wash three leeks, and cut them into thin strips.
fry them in butter until soft, add two potatoes, cut small.
add a litre of water, and cook for half an hour.
stir until smooth, add salt and a cup of cream. serve hot.
`,
  `apple sauce.
peel five ripe apples, and cut them small.
add a cup of water and the juice of a lemon.
cook until soft, stir until smooth, and add a little sugar.
serve warm or cold, with pancakes.
`,
];

/** How many are kept back. */
export const KEPT = 2;
