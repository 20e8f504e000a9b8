/**
 * What the language model of the lab reads: poems in English whose authors died more than a hundred years ago, in the
 * spelling of common modern editions. All of them are in the public domain.
 *
 * Of "London" the first three stanzas are here. The poem at the end is kept back: the model never trains on it.
 */

export interface Poem {
  author: string;
  title: string;
  year: number;
  text: string;
}

export const POEMS: Poem[] = [
  {
    author: 'William Blake',
    title: 'The Tyger',
    year: 1794,
    text: `Tyger Tyger, burning bright,
In the forests of the night;
What immortal hand or eye,
Could frame thy fearful symmetry?

In what distant deeps or skies,
Burnt the fire of thine eyes?
On what wings dare he aspire?
What the hand, dare seize the fire?

And what shoulder, and what art,
Could twist the sinews of thy heart?
And when thy heart began to beat,
What dread hand? and what dread feet?

What the hammer? what the chain,
In what furnace was thy brain?
What the anvil? what dread grasp,
Dare its deadly terrors clasp?

When the stars threw down their spears
And water'd heaven with their tears:
Did he smile his work to see?
Did he who made the Lamb make thee?

Tyger Tyger burning bright,
In the forests of the night:
What immortal hand or eye,
Dare frame thy fearful symmetry?
`,
  },
  {
    author: 'William Blake',
    title: 'The Lamb',
    year: 1789,
    text: `Little Lamb who made thee
Dost thou know who made thee
Gave thee life and bid thee feed,
By the stream and o'er the mead;
Gave thee clothing of delight,
Softest clothing woolly bright;
Gave thee such a tender voice,
Making all the vales rejoice!
Little Lamb who made thee
Dost thou know who made thee

Little Lamb I'll tell thee,
Little Lamb I'll tell thee!
He is called by thy name,
For he calls himself a Lamb:
He is meek and he is mild,
He became a little child:
I a child and thou a lamb,
We are called by his name.
Little Lamb God bless thee.
Little Lamb God bless thee.
`,
  },
  {
    author: 'William Blake',
    title: 'London',
    year: 1794,
    text: `I wander thro' each charter'd street,
Near where the charter'd Thames does flow.
And mark in every face I meet
Marks of weakness, marks of woe.

In every cry of every Man,
In every Infants cry of fear,
In every voice: in every ban,
The mind-forg'd manacles I hear

How the Chimney-sweepers cry
Every blackning Church appalls,
And the hapless Soldiers sigh
Runs in blood down Palace walls
`,
  },
  {
    author: 'William Blake',
    title: 'A Poison Tree',
    year: 1794,
    text: `I was angry with my friend:
I told my wrath, my wrath did end.
I was angry with my foe:
I told it not, my wrath did grow.

And I water'd it in fears,
Night and morning with my tears:
And I sunned it with smiles,
And with soft deceitful wiles.

And it grew both day and night,
Till it bore an apple bright.
And my foe beheld it shine,
And he knew that it was mine.

And into my garden stole,
When the night had veil'd the pole;
In the morning glad I see,
My foe outstretch'd beneath the tree.
`,
  },
  {
    author: 'William Blake',
    title: 'The Fly',
    year: 1794,
    text: `Little Fly
Thy summer's play,
My thoughtless hand
Has brush'd away.

Am not I
A fly like thee?
Or art not thou
A man like me?

For I dance
And drink and sing:
Till some blind hand
Shall brush my wing.

If thought is life
And strength and breath:
And the want
Of thought is death;

Then am I
A happy fly,
If I live,
Or if I die.
`,
  },
  {
    author: 'William Wordsworth',
    title: 'I wandered lonely as a cloud',
    year: 1815,
    text: `I wandered lonely as a cloud
That floats on high o'er vales and hills,
When all at once I saw a crowd,
A host, of golden daffodils;
Beside the lake, beneath the trees,
Fluttering and dancing in the breeze.

Continuous as the stars that shine
And twinkle on the milky way,
They stretched in never-ending line
Along the margin of a bay:
Ten thousand saw I at a glance,
Tossing their heads in sprightly dance.

The waves beside them danced; but they
Out-did the sparkling waves in glee:
A poet could not but be gay,
In such a jocund company:
I gazed, and gazed, but little thought
What wealth the show to me had brought:

For oft, when on my couch I lie
In vacant or in pensive mood,
They flash upon that inward eye
Which is the bliss of solitude;
And then my heart with pleasure fills,
And dances with the daffodils.
`,
  },
  {
    author: 'William Wordsworth',
    title: 'A slumber did my spirit seal',
    year: 1800,
    text: `A slumber did my spirit seal;
I had no human fears:
She seemed a thing that could not feel
The touch of earthly years.

No motion has she now, no force;
She neither hears nor sees;
Rolled round in earth's diurnal course,
With rocks, and stones, and trees.
`,
  },
  {
    author: 'Percy Bysshe Shelley',
    title: 'Ozymandias',
    year: 1818,
    text: `I met a traveller from an antique land,
Who said: Two vast and trunkless legs of stone
Stand in the desert. Near them, on the sand,
Half sunk a shattered visage lies, whose frown,
And wrinkled lip, and sneer of cold command,
Tell that its sculptor well those passions read
Which yet survive, stamped on these lifeless things,
The hand that mocked them, and the heart that fed;
And on the pedestal, these words appear:
My name is Ozymandias, King of Kings;
Look on my Works, ye Mighty, and despair!
Nothing beside remains. Round the decay
Of that colossal Wreck, boundless and bare
The lone and level sands stretch far away.
`,
  },
  {
    author: 'Alfred Tennyson',
    title: 'The Eagle',
    year: 1851,
    text: `He clasps the crag with crooked hands;
Close to the sun in lonely lands,
Ring'd with the azure world, he stands.

The wrinkled sea beneath him crawls;
He watches from his mountain walls,
And like a thunderbolt he falls.
`,
  },
  {
    author: 'Alfred Tennyson',
    title: 'Break, break, break',
    year: 1842,
    text: `Break, break, break,
On thy cold gray stones, O Sea!
And I would that my tongue could utter
The thoughts that arise in me.

O, well for the fisherman's boy,
That he shouts with his sister at play!
O, well for the sailor lad,
That he sings in his boat on the bay!

And the stately ships go on
To their haven under the hill;
But O for the touch of a vanish'd hand,
And the sound of a voice that is still!

Break, break, break,
At the foot of thy crags, O Sea!
But the tender grace of a day that is dead
Will never come back to me.
`,
  },
  {
    author: 'Christina Rossetti',
    title: 'Who has seen the wind?',
    year: 1872,
    text: `Who has seen the wind?
Neither I nor you:
But when the leaves hang trembling,
The wind is passing through.

Who has seen the wind?
Neither you nor I:
But when the trees bow down their heads,
The wind is passing by.
`,
  },
  {
    author: 'Christina Rossetti',
    title: 'Remember',
    year: 1862,
    text: `Remember me when I am gone away,
Gone far away into the silent land;
When you can no more hold me by the hand,
Nor I half turn to go yet turning stay.
Remember me when no more day by day
You tell me of our future that you plann'd:
Only remember me; you understand
It will be late to counsel then or pray.
Yet if you should forget me for a while
And afterwards remember, do not grieve:
For if the darkness and corruption leave
A vestige of the thoughts that once I had,
Better by far you should forget and smile
Than that you should remember and be sad.
`,
  },
  {
    author: 'Robert Louis Stevenson',
    title: 'Bed in Summer',
    year: 1885,
    text: `In winter I get up at night
And dress by yellow candle-light.
In summer, quite the other way,
I have to go to bed by day.

I have to go to bed and see
The birds still hopping on the tree,
Or hear the grown-up people's feet
Still going past me in the street.

And does it not seem hard to you,
When all the sky is clear and blue,
And I should like so much to play,
To have to go to bed by day?
`,
  },
  {
    author: 'William Blake',
    title: 'The Sick Rose',
    year: 1794,
    text: `O Rose thou art sick.
The invisible worm,
That flies in the night
In the howling storm:

Has found out thy bed
Of crimson joy:
And his dark secret love
Does thy life destroy.
`,
  },
];
