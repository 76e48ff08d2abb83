// Resolvers over data loaders made for each request: for Apollo Server and GraphQL Yoga alike.
import DataLoader from 'dataloader'
import { ask, reached, readChildren, spellings } from './common.js'

export const loaders = () => ({
  children: new DataLoader(readChildren),
  schools: new DataLoader(keys => ask('schools', keys)),
  practices: new DataLoader(keys => ask('practices', keys)),
  parents: new DataLoader(keys => ask('parents', keys)),
  contacts: new DataLoader(keys => ask('contacts', keys))
})

export const resolvers = {
  Query: {
    child: (_, { number }, { children }) => children.load(number),
    children: (_, { numbers }, { children }) => children.loadMany(numbers)
  },
  Child: {
    enrolments: (child, _, { schools }) => schools.load(child.upn),
    practice: (child, _, { practices }) => practices.load(child.nhsNumber),
    parents: async (child, _, { parents, contacts }) =>
      reached(...await Promise.all([parents.load(child.birthEntry), contacts.load(child.nhsNumber)]))
  },
  ...spellings
}
